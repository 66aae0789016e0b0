// Every divergence of the kernels and of the CPU engine.
#pragma once

#include "forward_kl.h"
#include "jensen_shannon.h"
