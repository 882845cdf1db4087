/* Passes over blocks of customers for the menu search and its bounds, in float and in double, for
   one LEVEL of instructions: the files menu_LEVEL.c set the level and include this one. The
   structures mirror those of handful/kernels/menu.py. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "multiversion.h"

#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_512 1
#include <immintrin.h>
#else
#define HAS_512 0
#endif

#define JOIN(name, type, level) name##_##type##_##level
#define NAMED(name, type, level) JOIN(name, type, level)

#define STRIP 128        /* customers taken together: their cells stay in cache */
#define ABREAST 4         /* vectors priced at once: their latencies overlap */
#define WIDE 64           /* columns whose sums are held in registers */
#define NARROW 16
#define MOST_GROUPS 1024  /* members of a menu, or groups of customers */
#define ENOUGH (1 - 1e-5f)

/* Menus of at most `width` gathered places each, padded with -1. */
typedef struct {
    int64_t count, width;
    const int32_t *slots;
} Menus;

/* Fractional menus: point t has gathered places and shares begin[t] .. begin[t + 1] - 1. */
typedef struct {
    int64_t count, groups;
    const int64_t *begin;
    const int32_t *slots;
    const double *shares;
    const int32_t *leaders;  /* groups */
} Points;

typedef struct {
    double *totals;   /* offers */
    double *weight;
    int64_t *masked;
} ScanOut;

typedef struct {
    double *value;    /* menus */
    double *taken;    /* menus x width */
    double *loss;     /* menus x width */
    double *inside;   /* menus x width x offers */
    double *removed;  /* menus x width x offers */
} SwapOut;

typedef struct {
    double *value;    /* menus */
    double *taken;    /* menus x width */
} ValueOut;

typedef struct {
    double *constant; /* points x groups */
    double *slope;    /* points x groups x offers */
} CutOut;

/* What one reading is asked for. The columns gathered are copied side by side; menus, points and
   leaders name them by their place there. */
typedef struct {
    int64_t gathered;
    const int32_t *columns;
    Menus swapped, valued;
    Points points;
    ScanOut scan;
    SwapOut swaps;
    ValueOut values;
    CutOut cuts;
} Asked;

/* Zeroed memory at a multiple of 64 bytes, as whole vectors need; bytes must be such a multiple. */
static void *zeros(int64_t bytes)
{
    void *memory = aligned_alloc(64, (size_t)bytes);
    if (memory != NULL)
        memset(memory, 0, (size_t)bytes);
    return memory;
}

static int64_t filled(const int32_t *slots, int64_t width)
{
    int64_t members = 0;
    while (members < width && slots[members] >= 0)
        members++;
    return members;
}

/* Lists the rows key by key (keys are 0 .. count - 1); key k holds begin[k] .. begin[k + 1] - 1. */
static void order_by(const int32_t *key, int64_t rows, int64_t count, int32_t *order,
                     int32_t *begin)
{
    memset(begin, 0, (size_t)(count + 1) * sizeof(int32_t));
    for (int64_t i = 0; i < rows; i++)
        begin[key[i] + 1]++;
    for (int64_t k = 0; k < count; k++)
        begin[k + 1] += begin[k];
    /* Filling moves each start to its end; moving them back by one key restores the starts. */
    for (int64_t i = 0; i < rows; i++)
        order[begin[key[i]]++] = (int32_t)i;
    for (int64_t k = count; k > 0; k--)
        begin[k] = begin[k - 1];
    begin[0] = 0;
}

#define REAL float
#define INTEGER int32_t
#define NAME(x) NAMED(x, float, LEVEL)
#define MAXIMUM(x, y) _mm512_max_ps((__m512)(x), (__m512)(y))
#include "menu_passes.h"
#undef REAL
#undef INTEGER
#undef NAME
#undef MAXIMUM

#define REAL double
#define INTEGER int64_t
#define NAME(x) NAMED(x, double, LEVEL)
#define MAXIMUM(x, y) _mm512_max_pd((__m512d)(x), (__m512d)(y))
#include "menu_passes.h"
