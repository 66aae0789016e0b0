// The list of divergences: the only place that names all of them. TEMPER_DIVERGENCES(X) expands X(Policy) for each. The
// GPU kernels are specialised for one policy by its name; the CPU engine finds the place of a name in the list.
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
