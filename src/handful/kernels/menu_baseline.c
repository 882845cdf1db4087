/* The menu passes for any processor; says which wider level this one can run. */

#define LEVEL baseline
#include "menu.h"

/* 4: AVX-512; 3: AVX2 and FMA; 0: the baseline. */
EXPORTED int handful_level(void)
{
#if HAS_LEVELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 3;
#endif
    return 0;
}
