/* Scores of boosted trees with a vector of G values in each leaf.

   Trees are walked one after the other over a strip of customers, all customers of the strip one
   level at a time and without branches, so that many walks are in flight at once. Leaves are
   added in tree order in double precision: the bits are those of a row-by-row reader. */

#include <math.h>
#include <stdlib.h>

#include "multiversion.h"

#define STRIP 256

typedef struct {
    float threshold;   /* numbers below go left; the level code that goes left of a category */
    int32_t column;
    int32_t next[2];   /* right, left */
    int32_t missing;   /* where a missing value goes: 1 left, 0 right */
    int32_t is_category;
} Node;

MULTIVERSION
static void walk(const Node *nodes, int32_t root, int32_t depth, const double *values,
                 int64_t row_step, int64_t column_step, int64_t count, int32_t *at)
{
    for (int64_t i = 0; i < count; i++)
        at[i] = root;
    for (int32_t level = 0; level < depth; level++) {
        for (int64_t i = 0; i < count; i++) {
            const Node *node = nodes + at[i];
            double x = values[i * row_step + node->column * column_step];
            int32_t below = (float)x < node->threshold;
            int32_t same = x == (double)node->threshold;
            int32_t left = node->is_category ? same : below;
            left = x != x ? node->missing : left;
            at[i] = node->next[left];
        }
    }
}

/* Adds every tree's leaf to out (n x n_offers, row-major). Strides are counted in elements.
   Returns 0, or 1 when memory ran out. */
EXPORTED int handful_score_forest(const double *values, int64_t n, int64_t row_step,
                                  int64_t column_step, const int64_t *roots, int64_t n_trees,
                                  int64_t n_nodes, const int64_t *feature, const float *threshold,
                                  const int64_t *left, const int64_t *right,
                                  const uint8_t *missing_left, const double *leaves,
                                  int64_t n_offers, const uint8_t *is_category, double *out)
{
    Node *nodes = malloc((size_t)n_nodes * sizeof(Node));
    int32_t *depth = malloc((size_t)(n_nodes + n_trees) * sizeof(int32_t));
    if (nodes == NULL || depth == NULL) {
        free(nodes);
        free(depth);
        return 1;
    }
    for (int64_t node = 0; node < n_nodes; node++) {
        int inner = feature[node] >= 0;
        nodes[node].is_category = inner && is_category[feature[node]];
        nodes[node].column = inner ? (int32_t)feature[node] : 0;
        nodes[node].threshold = threshold[node];
        nodes[node].missing = missing_left[node] != 0;
        /* A leaf leads to itself, so that every customer walks the same number of levels. */
        nodes[node].next[0] = (int32_t)(inner ? right[node] : node);
        nodes[node].next[1] = (int32_t)(inner ? left[node] : node);
    }
    int32_t *levels = depth + n_nodes;
    /* Children come after parents, so a pass backwards sees children first. */
    for (int64_t node = n_nodes - 1; node >= 0; node--) {
        int32_t a = feature[node] < 0 ? -1 : depth[left[node]];
        int32_t b = feature[node] < 0 ? -1 : depth[right[node]];
        depth[node] = 1 + (a > b ? a : b);
    }
    for (int64_t tree = 0; tree < n_trees; tree++)
        levels[tree] = depth[roots[tree]];
    for (int64_t start = 0; start < n; start += STRIP) {
        int64_t count = n - start < STRIP ? n - start : STRIP;
        int32_t at[STRIP];
        for (int64_t tree = 0; tree < n_trees; tree++) {
            walk(nodes, (int32_t)roots[tree], levels[tree], values + start * row_step, row_step,
                 column_step, count, at);
            for (int64_t i = 0; i < count; i++) {
                const double *leaf = leaves + left[at[i]] * n_offers;
                double *sum = out + (start + i) * n_offers;
                for (int64_t g = 0; g < n_offers; g++)
                    sum[g] += leaf[g];
            }
        }
    }
    free(nodes);
    free(depth);
    return 0;
}
