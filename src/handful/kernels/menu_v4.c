/* The menu passes for processors with AVX-512. */

#include "multiversion.h"

#if HAS_LEVELS
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2,prefer-vector-width=512")
#define LEVEL v4
#include "menu.h"
#endif
