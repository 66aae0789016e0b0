// The list of divergences, the only place in C++ that names all of them. TEMPER_DIVERGENCES(X) expands X(Policy) for
// each policy. A GPU kernel is specialised for one policy by name; the CPU engine looks up the name in the list.
#pragma once

#include "decoupled_kl.h"
#include "forward_kl.h"
#include "jensen_shannon.h"
#include "logit_mse.h"
#include "mixed_kl.h"
#include "negative_log_acceptance.h"
#include "reverse_kl.h"
#include "skew_kl.h"
#include "total_variation.h"

#define TEMPER_DIVERGENCES(X) \
  X(ForwardKl)                \
  X(ReverseKl)                \
  X(MixedKl)                  \
  X(JensenShannon)            \
  X(SkewForwardKl)            \
  X(SkewReverseKl)            \
  X(TotalVariation)           \
  X(NegativeLogAcceptance)    \
  X(DecoupledKl)              \
  X(LogitMse)
