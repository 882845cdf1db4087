/* The menu passes for processors with AVX2 and FMA. */

#include "multiversion.h"

#if HAS_LEVELS
#pragma GCC target("avx2,fma,bmi2")
#define LEVEL v3
#include "menu.h"
#endif
