/* The passes over customers for one floating type; menu.h includes this file once per type with
   REAL (the type), INTEGER (of the same size) and NAME(x) (x with its suffix) defined.

   Customers are taken in strips: a strip is copied once into a padded row-major buffer (masked
   cells, -inf, become 0, the worth of the fallback) and everything else reads that copy. Sums are
   made in REAL over the few rows of a strip that share a group, then added to double. */

typedef REAL NAME(Vector) __attribute__((vector_size(64)));
typedef INTEGER NAME(Mask) __attribute__((vector_size(64)));
#undef SELECT
#undef LANES
#define SELECT(mask, yes, no) ((NAME(Vector))(((NAME(Mask))(yes) & (mask)) | ((NAME(Mask))(no) & ~(mask))))
#define LANES ((int)(64 / sizeof(REAL)))

typedef struct {
    const REAL *values;     /* first row of the block */
    int64_t rows, row_step, column_step, offers;
    const double *weights;  /* NULL for ones */
} NAME(Block);

typedef struct {
    REAL *cells;            /* STRIP x padded */
    REAL *columns;          /* a run of STRIP values for each column gathered */
    REAL *weights;          /* STRIP */
    int64_t rows, padded;
    int64_t masked;         /* masked cells seen so far */
} NAME(Strip);

static int NAME(strip_open)(NAME(Strip) *strip, int64_t offers, int64_t gathered)
{
    strip->masked = 0;
    strip->padded = (offers + NARROW - 1) / NARROW * NARROW;
    strip->cells = zeros(strip->padded * STRIP * (int64_t)sizeof(REAL));
    strip->columns = zeros((gathered + 1) * STRIP * (int64_t)sizeof(REAL));
    strip->weights = zeros(STRIP * (int64_t)sizeof(REAL));
    return strip->cells != NULL && strip->columns != NULL && strip->weights != NULL;
}

static void NAME(strip_close)(NAME(Strip) *strip)
{
    free(strip->cells);
    free(strip->columns);
    free(strip->weights);
}

static void NAME(strip_load)(const NAME(Block) *block, int64_t start, NAME(Strip) *strip)
{
    const REAL masked = -(REAL)INFINITY;
    const REAL *from = block->values + start * block->row_step;
    REAL *cells = strip->cells;
    int64_t padded = strip->padded;
    int64_t rows = block->rows - start < STRIP ? block->rows - start : STRIP;
    strip->rows = rows;
    if (block->column_step == 1) {
        for (int64_t i = 0; i < rows; i++) {
            const REAL *row = from + i * block->row_step;
            INTEGER seen = 0;
            for (int64_t g = 0; g < block->offers; g++) {
                seen += row[g] == masked;
                cells[i * padded + g] = row[g] == masked ? (REAL)0 : row[g];
            }
            strip->masked += seen;
        }
    } else {
        for (int64_t g = 0; g < block->offers; g++) {
            const REAL *column = from + g * block->column_step;
            for (int64_t i = 0; i < rows; i++) {
                REAL x = column[i * block->row_step];
                strip->masked += x == masked;
                cells[i * padded + g] = x == masked ? (REAL)0 : x;
            }
        }
    }
    for (int64_t i = 0; i < rows; i++)
        strip->weights[i] = block->weights ? (REAL)block->weights[start + i] : (REAL)1;
}

/* Copies the columns asked for side by side; beyond the last row their content is stale but
   finite, and nothing reads it into a sum. */
static void NAME(strip_gather)(const NAME(Strip) *strip, const int32_t *columns, int64_t count)
{
    for (int64_t c = 0; c < count; c++) {
        const REAL *from = strip->cells + columns[c];
        REAL *to = strip->columns + c * STRIP;
        for (int64_t i = 0; i < strip->rows; i++)
            to[i] = from[i * strip->padded];
    }
}

/* Best and second-best value over the gathered columns `slots` and the place of the best; ties go
   to the first place. With one column the second best is the best. */
static void NAME(best_two)(const REAL *columns, const int32_t *slots, int64_t count, REAL *first,
                           REAL *second, int32_t *place)
{
    const REAL *column = columns + slots[0] * STRIP;
    for (int64_t i = 0; i < STRIP; i++) {
        first[i] = column[i];
        second[i] = count > 1 ? -(REAL)INFINITY : column[i];
        place[i] = 0;
    }
    for (int64_t c = 1; c < count; c++) {
        column = columns + slots[c] * STRIP;
        for (int64_t i = 0; i < STRIP; i++) {
            REAL x = column[i], top = first[i];
            REAL lower = x > top ? top : x;
            second[i] = lower > second[i] ? lower : second[i];
            place[i] = x > top ? (int32_t)c : place[i];
            first[i] = x > top ? x : top;
        }
    }
}

/* A customer's critical price under the fractional menu y on the gathered columns `slots`: the
   largest value v with sum of y over values >= v at least 1. One vector of customers at a time
   steps down to its next largest value until all have reached theirs. */
static void NAME(critical)(const REAL *columns, const int32_t *slots, const double *shares,
                           int64_t count, int64_t rows, REAL *price)
{
    const NAME(Vector) none = (NAME(Vector)){0} - (REAL)INFINITY;
    for (int64_t base = 0; base < rows; base += LANES) {
        NAME(Vector) mass = {0}, at = (NAME(Vector)){0} + (REAL)INFINITY;
        for (int64_t step = 0; step < count; step++) {
            NAME(Vector) next = none, more = {0};
            for (int64_t s = 0; s < count; s++) {
                NAME(Vector) x = *(const NAME(Vector) *)(columns + slots[s] * STRIP + base);
                next = SELECT((x < at) & (x > next), x, next);
            }
            for (int64_t s = 0; s < count; s++) {
                NAME(Vector) x = *(const NAME(Vector) *)(columns + slots[s] * STRIP + base);
                more += SELECT(x == next, (NAME(Vector)){0} + (REAL)shares[s], (NAME(Vector)){0});
            }
            NAME(Mask) open = (mass < (REAL)ENOUGH) & (next > none);
            at = SELECT(open, next, at);
            mass = SELECT(open, mass + more, (NAME(Vector)){0} + 2);
            NAME(Mask) left = mass < (REAL)ENOUGH;
            int any = 0;
            for (int l = 0; l < LANES; l++)
                any |= left[l] != 0;
            if (!any)
                break;
        }
        *(NAME(Vector) *)(price + base) = at;
    }
}

/* into[l] += sum over the listed rows of weight (cell_l - price)+ for one tile of columns. */
static inline __attribute__((always_inline)) void NAME(tile_excess)(
    const NAME(Strip) *strip, const int32_t *order, int64_t count, const REAL *price, int64_t base,
    int64_t offers, double *into, const int width)
{
    NAME(Vector) sum[WIDE / LANES] = {{0}};
    for (int64_t r = 0; r < count; r++) {
        int32_t i = order[r];
        const NAME(Vector) *row = (const NAME(Vector) *)(strip->cells + i * strip->padded + base);
        for (int v = 0; v < width / LANES; v++) {
            NAME(Vector) excess = row[v] - price[i];
            excess = SELECT(excess > 0, excess, (NAME(Vector)){0});
            sum[v] += excess * strip->weights[i];
        }
    }
    REAL flat[WIDE];
    memcpy(flat, sum, sizeof(sum));
    if (base + width <= offers) {
        for (int l = 0; l < width; l++)
            into[base + l] += (double)flat[l];
        return;
    }
    for (int l = 0; base + l < offers; l++)
        into[base + l] += (double)flat[l];
}

static void NAME(add_excess)(const NAME(Strip) *strip, const int32_t *order, int64_t count,
                             const REAL *price, int64_t offers, double *into)
{
    int64_t base = 0;
    for (; base + WIDE <= strip->padded; base += WIDE)
        NAME(tile_excess)(strip, order, count, price, base, offers, into, WIDE);
    for (; base < strip->padded; base += NARROW)
        NAME(tile_excess)(strip, order, count, price, base, offers, into, NARROW);
}

static double NAME(weighted_sum)(const REAL *weights, const REAL *price, const int32_t *order,
                                 int64_t count)
{
    double even = 0, odd = 0;
    int64_t r = 0;
    for (; r + 1 < count; r += 2) {
        even += (double)weights[order[r]] * price[order[r]];
        odd += (double)weights[order[r + 1]] * price[order[r + 1]];
    }
    if (r < count)
        even += (double)weights[order[r]] * price[order[r]];
    return even + odd;
}

/* Column sums, weight and number of masked cells. A NaN or +inf makes its column's sum NaN or
   +inf. */
static int NAME(scan)(const NAME(Block) *block, double *totals, double *weight, int64_t *masked)
{
    NAME(Strip) strip;
    int failed = !NAME(strip_open)(&strip, block->offers, 0);
    for (int64_t start = 0; !failed && start < block->rows; start += STRIP) {
        NAME(strip_load)(block, start, &strip);
        for (int64_t i = 0; i < strip.rows; i++)
            *weight += (double)strip.weights[i];
        for (int64_t base = 0; base < block->offers; base += LANES) {
            NAME(Vector) sum = {0};
            for (int64_t i = 0; i < strip.rows; i++)
                sum += *(const NAME(Vector) *)(strip.cells + i * strip.padded + base) *
                       strip.weights[i];
            for (int l = 0; l < LANES && base + l < block->offers; l++)
                totals[base + l] += (double)sum[l];
        }
    }
    *masked = strip.masked;
    NAME(strip_close)(&strip);
    return failed;
}

/* What every swap of each menu is worth; see SwapSums in handful/menu/sums.py. Menus are rows of
   places in `columns`, padded with -1. */
static int NAME(swap)(const NAME(Block) *block, const Gather *gather, const Menus *menus,
                      const SwapOut *out)
{
    int64_t offers = block->offers;
    NAME(Strip) strip;
    int failed = !NAME(strip_open)(&strip, offers, gather->count);
    for (int64_t start = 0; !failed && start < block->rows; start += STRIP) {
        NAME(strip_load)(block, start, &strip);
        NAME(strip_gather)(&strip, gather->columns, gather->count);
        for (int64_t m = 0; m < menus->count; m++) {
            REAL first[STRIP], second[STRIP];
            int32_t place[STRIP], order[STRIP], begin[MOST_GROUPS + 1];
            const int32_t *slots = menus->slots + m * menus->width;
            int64_t members = filled(slots, menus->width);
            NAME(best_two)(strip.columns, slots, members, first, second, place);
            order_by(place, strip.rows, members, order, begin);
            for (int64_t j = 0; j < members; j++) {
                int64_t at = m * menus->width + j, count = begin[j + 1] - begin[j];
                const int32_t *mine = order + begin[j];
                double top = NAME(weighted_sum)(strip.weights, first, mine, count);
                out->value[m] += top;
                out->loss[at] += top - NAME(weighted_sum)(strip.weights, second, mine, count);
                for (int64_t r = 0; r < count; r++)
                    out->taken[at] += (double)strip.weights[mine[r]];
                NAME(add_excess)(&strip, mine, count, first, offers, out->inside + at * offers);
                if (members > 1)
                    NAME(add_excess)(&strip, mine, count, second, offers,
                                     out->removed + at * offers);
            }
        }
    }
    NAME(strip_close)(&strip);
    return failed;
}

/* Cuts at the critical prices of fractional menus, by group of customers: a customer belongs to the
   group whose leader column is worth most to them. See CutSums in handful/menu/sums.py. constant
   is points x groups, slope is points x groups x offers. */
static int NAME(cut)(const NAME(Block) *block, const Gather *gather, const Points *points,
                     const Menus *leaders, double *constant, double *slope)
{
    int64_t offers = block->offers, groups = leaders->width;
    NAME(Strip) strip;
    int failed = !NAME(strip_open)(&strip, offers, gather->count);
    for (int64_t start = 0; !failed && start < block->rows; start += STRIP) {
        _Alignas(64) REAL price[STRIP], second[STRIP];
        int32_t group[STRIP], order[STRIP], begin[MOST_GROUPS + 1];
        NAME(strip_load)(block, start, &strip);
        NAME(strip_gather)(&strip, gather->columns, gather->count);
        NAME(best_two)(strip.columns, leaders->slots, groups, price, second, group);
        order_by(group, strip.rows, groups, order, begin);
        for (int64_t t = 0; t < points->count; t++) {
            int64_t from = points->begin[t];
            NAME(critical)(strip.columns, points->slots + from, points->shares + from,
                           points->begin[t + 1] - from, strip.rows, price);
            for (int64_t c = 0; c < groups; c++) {
                int64_t at = t * groups + c, count = begin[c + 1] - begin[c];
                const int32_t *mine = order + begin[c];
                constant[at] += NAME(weighted_sum)(strip.weights, price, mine, count);
                NAME(add_excess)(&strip, mine, count, price, offers, slope + at * offers);
            }
        }
    }
    NAME(strip_close)(&strip);
    return failed;
}

EXPORTED int NAME(handful_scan)(const REAL *values, const int64_t *shape, const double *weights,
                                double *totals, double *weight, int64_t *masked)
{
    NAME(Block) block = {values, shape[0], shape[1], shape[2], shape[3], weights};
    return NAME(scan)(&block, totals, weight, masked);
}

EXPORTED int NAME(handful_swap)(const REAL *values, const int64_t *shape, const double *weights,
                                const Gather *gather, const Menus *menus, const SwapOut *out)
{
    NAME(Block) block = {values, shape[0], shape[1], shape[2], shape[3], weights};
    return NAME(swap)(&block, gather, menus, out);
}

EXPORTED int NAME(handful_cut)(const REAL *values, const int64_t *shape, const double *weights,
                               const Gather *gather, const Points *points, const Menus *leaders,
                               double *constant, double *slope)
{
    NAME(Block) block = {values, shape[0], shape[1], shape[2], shape[3], weights};
    return NAME(cut)(&block, gather, points, leaders, constant, slope);
}
