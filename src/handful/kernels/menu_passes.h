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
#undef LARGER
#if HAS_512
#define LARGER(x, y) ((NAME(Vector))MAXIMUM(x, y))
#else
#define LARGER(x, y) SELECT((x) > (y), x, y)
#endif

typedef struct {
    const REAL *const *columns;  /* first row of each */
    int64_t rows, row_step, by_rows, offers;
    const double *weights;  /* NULL for ones */
} NAME(Block);

typedef struct {
    REAL *cells;            /* STRIP x padded */
    REAL *columns;          /* a run of STRIP values for each column gathered */
    REAL *weights;          /* STRIP */
    REAL *shares;           /* of all points, one after the other */
    int64_t rows, padded;
    int64_t masked;         /* masked cells seen so far */
} NAME(Strip);

static void NAME(strip_close)(NAME(Strip) *strip)
{
    free(strip->cells);
    free(strip->columns);
    free(strip->weights);
    free(strip->shares);
}

static int NAME(strip_open)(NAME(Strip) *strip, int64_t offers, const Asked *asked)
{
    int64_t shares = asked->points.count > 0 ? asked->points.begin[asked->points.count] : 0;
    strip->masked = 0;
    strip->padded = (offers + NARROW - 1) / NARROW * NARROW;
    strip->cells = zeros(strip->padded * STRIP * (int64_t)sizeof(REAL));
    strip->columns = zeros((asked->gathered + 1) * STRIP * (int64_t)sizeof(REAL));
    strip->weights = zeros(STRIP * (int64_t)sizeof(REAL));
    strip->shares = zeros((shares / STRIP + 1) * STRIP * (int64_t)sizeof(REAL));
    if (strip->cells == NULL || strip->columns == NULL || strip->weights == NULL ||
        strip->shares == NULL)
        return 0;
    for (int64_t s = 0; s < shares; s++)
        strip->shares[s] = (REAL)asked->points.shares[s];
    return 1;
}

/* Copies columns from .. to - 1 of the strip cell by cell, from its row `first` on. */
static void NAME(load_cells)(const NAME(Block) *block, int64_t start, int64_t first, int64_t from,
                             int64_t to, NAME(Strip) *strip)
{
    const REAL masked = -(REAL)INFINITY;
    for (int64_t g = from; g < to; g++) {
        const REAL *column = block->columns[g] + start * block->row_step;
        INTEGER seen = 0;
        for (int64_t i = first; i < strip->rows; i++) {
            REAL x = column[i * block->row_step];
            seen += x == masked;
            strip->cells[i * strip->padded + g] = x == masked ? (REAL)0 : x;
        }
        strip->masked += seen;
    }
}

#if HAS_512
/* Turns LANES vectors of a column each into vectors of a row each: zipping the first half of them
   with the second transposes after as many rounds as LANES has factors of two. */
static inline __attribute__((always_inline)) void NAME(transpose)(NAME(Vector) *tile,
                                                                  NAME(Mask) low, NAME(Mask) high)
{
#pragma GCC unroll 4
    for (int done = 1; done < LANES; done *= 2) {
        NAME(Vector) zipped[LANES];
#pragma GCC unroll 8
        for (int v = 0; v < LANES / 2; v++) {
            zipped[2 * v] = __builtin_shuffle(tile[v], tile[v + LANES / 2], low);
            zipped[2 * v + 1] = __builtin_shuffle(tile[v], tile[v + LANES / 2], high);
        }
#pragma GCC unroll 16
        for (int v = 0; v < LANES; v++)
            tile[v] = zipped[v];
    }
}

/* Copies LANES columns that are contiguous in memory, as many rows at a time. */
static void NAME(load_tiles)(const NAME(Block) *block, int64_t start, int64_t g, NAME(Strip) *strip)
{
    const NAME(Vector) masked = (NAME(Vector)){0} - (REAL)INFINITY;
    NAME(Mask) seen = {0}, low, high;
    int64_t i = 0;
    for (int l = 0; l < LANES; l++) {
        low[l] = l / 2 + (l % 2) * LANES;
        high[l] = low[l] + LANES / 2;
    }
    for (; i + LANES <= strip->rows; i += LANES) {
        NAME(Vector) tile[LANES];
#pragma GCC unroll 16
        for (int v = 0; v < LANES; v++) {
            memcpy(&tile[v], block->columns[g + v] + start + i, sizeof(tile[v]));
            seen -= tile[v] == masked;
            tile[v] = SELECT(tile[v] == masked, (NAME(Vector)){0}, tile[v]);
        }
        NAME(transpose)(tile, low, high);
#pragma GCC unroll 16
        for (int v = 0; v < LANES; v++)
            *(NAME(Vector) *)(strip->cells + (i + v) * strip->padded + g) = tile[v];
    }
    for (int l = 0; l < LANES; l++)
        strip->masked += seen[l];
    NAME(load_cells)(block, start, i, g, g + LANES, strip);
}
#endif

static void NAME(load_columns)(const NAME(Block) *block, int64_t start, NAME(Strip) *strip)
{
    int64_t g = 0;
#if HAS_512
    for (; block->row_step == 1 && g + LANES <= block->offers; g += LANES)
        NAME(load_tiles)(block, start, g, strip);
#endif
    NAME(load_cells)(block, start, 0, g, block->offers, strip);
}

static void NAME(load_rows)(const NAME(Block) *block, int64_t start, NAME(Strip) *strip)
{
    const REAL masked = -(REAL)INFINITY;
    for (int64_t i = 0; i < strip->rows; i++) {
        const REAL *row = block->columns[0] + (start + i) * block->row_step;
        REAL *cells = strip->cells + i * strip->padded;
        INTEGER seen = 0;
        for (int64_t g = 0; g < block->offers; g++) {
            seen += row[g] == masked;
            cells[g] = row[g] == masked ? (REAL)0 : row[g];
        }
        strip->masked += seen;
    }
}

static void NAME(strip_load)(const NAME(Block) *block, int64_t start, NAME(Strip) *strip)
{
    strip->rows = block->rows - start < STRIP ? block->rows - start : STRIP;
    if (block->by_rows)
        NAME(load_rows)(block, start, strip);
    else
        NAME(load_columns)(block, start, strip);
    for (int64_t i = 0; i < strip->rows; i++)
        strip->weights[i] = block->weights ? (REAL)block->weights[start + i] : (REAL)1;
}

/* Copies the columns asked for side by side; beyond the last row their content is stale but
   finite, and nothing reads it into a sum. */
static void NAME(strip_gather)(const NAME(Block) *block, int64_t start, const int32_t *columns,
                               int64_t count, const NAME(Strip) *strip)
{
    const REAL masked = -(REAL)INFINITY;
    int contiguous = !block->by_rows && block->row_step == 1;
    for (int64_t c = 0; c < count; c++) {
        REAL *to = strip->columns + c * STRIP;
        if (contiguous) {
            const REAL *from = block->columns[columns[c]] + start;
            for (int64_t i = 0; i < strip->rows; i++)
                to[i] = from[i] == masked ? (REAL)0 : from[i];
        } else {
            const REAL *from = strip->cells + columns[c];
            for (int64_t i = 0; i < strip->rows; i++)
                to[i] = from[i * strip->padded];
        }
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
   largest value v with sum of y over values >= v at least 1. Several vectors of customers at a time
   step down from their largest value to the next until all have reached theirs; beyond the last
   row the prices mean nothing. */
static void NAME(critical)(const REAL *columns, const int32_t *slots, const REAL *shares,
                           int64_t count, int64_t rows, REAL *price)
{
    const NAME(Vector) none = (NAME(Vector)){0} - (REAL)INFINITY;
    for (int64_t base = 0; base < rows; base += ABREAST * LANES) {
        NAME(Vector) at[ABREAST];
        for (int v = 0; v < ABREAST; v++)
            at[v] = none;
        for (int64_t s = 0; s < count; s++) {
            const NAME(Vector) *x = (const NAME(Vector) *)(columns + slots[s] * STRIP + base);
            for (int v = 0; v < ABREAST; v++)
                at[v] = LARGER(x[v], at[v]);
        }
        for (int64_t step = 1; step < count; step++) {
            NAME(Vector) next[ABREAST], mass[ABREAST];
            for (int v = 0; v < ABREAST; v++) {
                next[v] = none;
                mass[v] = (NAME(Vector)){0};
            }
            for (int64_t s = 0; s < count; s++) {
                const NAME(Vector) *x = (const NAME(Vector) *)(columns + slots[s] * STRIP + base);
                const NAME(Vector) share = (NAME(Vector)){0} + shares[s];
                for (int v = 0; v < ABREAST; v++) {
                    NAME(Mask) reached = x[v] >= at[v];
                    mass[v] = SELECT(reached, mass[v] + share, mass[v]);
                    next[v] = LARGER(SELECT(reached, none, x[v]), next[v]);
                }
            }
            NAME(Mask) any = {0};
            for (int v = 0; v < ABREAST; v++) {
                NAME(Mask) open = (mass[v] < (REAL)ENOUGH) & (next[v] > none);
                at[v] = SELECT(open, next[v], at[v]);
                any |= open;
            }
            INTEGER left = 0;
            for (int l = 0; l < LANES; l++)
                left |= any[l];
            if (!left)
                break;
        }
        memcpy(price + base, at, sizeof(at));
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
            excess = LARGER(excess, (NAME(Vector)){0});
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
static void NAME(scan)(const NAME(Strip) *strip, int64_t offers, const ScanOut *out)
{
    for (int64_t i = 0; i < strip->rows; i++)
        *out->weight += (double)strip->weights[i];
    for (int64_t base = 0; base < offers; base += LANES) {
        NAME(Vector) sum = {0};
        for (int64_t i = 0; i < strip->rows; i++)
            sum += *(const NAME(Vector) *)(strip->cells + i * strip->padded + base) *
                   strip->weights[i];
        for (int l = 0; l < LANES && base + l < offers; l++)
            out->totals[base + l] += (double)sum[l];
    }
}

/* What every swap of each menu is worth; see SwapSums in handful/menu/sums.py. Menus are rows of
   gathered places, padded with -1. */
static void NAME(swap)(const NAME(Strip) *strip, int64_t offers, const Menus *menus,
                       const SwapOut *out)
{
    for (int64_t m = 0; m < menus->count; m++) {
        REAL first[STRIP], second[STRIP];
        int32_t place[STRIP], order[STRIP], begin[MOST_GROUPS + 1];
        const int32_t *slots = menus->slots + m * menus->width;
        int64_t members = filled(slots, menus->width);
        NAME(best_two)(strip->columns, slots, members, first, second, place);
        order_by(place, strip->rows, members, order, begin);
        for (int64_t j = 0; j < members; j++) {
            int64_t at = m * menus->width + j, count = begin[j + 1] - begin[j];
            const int32_t *mine = order + begin[j];
            double top = NAME(weighted_sum)(strip->weights, first, mine, count);
            out->value[m] += top;
            out->loss[at] += top - NAME(weighted_sum)(strip->weights, second, mine, count);
            for (int64_t r = 0; r < count; r++)
                out->taken[at] += (double)strip->weights[mine[r]];
            NAME(add_excess)(strip, mine, count, first, offers, out->inside + at * offers);
            if (members > 1)
                NAME(add_excess)(strip, mine, count, second, offers, out->removed + at * offers);
        }
    }
}

static double NAME(lanes_sum)(NAME(Vector) lanes)
{
    double sum = 0;
    for (int l = 0; l < LANES; l++)
        sum += (double)lanes[l];
    return sum;
}

/* What each menu is worth and the weight that each of its members takes; ties go to the first. */
static void NAME(value)(const NAME(Strip) *strip, const Menus *menus, const ValueOut *out)
{
    const NAME(Vector) none = (NAME(Vector)){0} - (REAL)INFINITY;
    for (int64_t m = 0; m < menus->count; m++) {
        NAME(Vector) best[STRIP / LANES], left[STRIP / LANES], sum = {0};
        const int32_t *slots = menus->slots + m * menus->width;
        int64_t members = filled(slots, menus->width);
        memset(left, 0, sizeof(left));
        memcpy(left, strip->weights, (size_t)strip->rows * sizeof(REAL));
        for (int v = 0; v < STRIP / LANES; v++) {
            best[v] = none;
            for (int64_t c = 0; c < members; c++) {
                const NAME(Vector) x = ((const NAME(Vector) *)(strip->columns + slots[c] * STRIP))[v];
                best[v] = LARGER(x, best[v]);
            }
            sum += left[v] * best[v];
        }
        out->value[m] += NAME(lanes_sum)(sum);
        for (int64_t c = 0; c < members; c++) {
            const NAME(Vector) *column = (const NAME(Vector) *)(strip->columns + slots[c] * STRIP);
            NAME(Vector) taken = {0};
            for (int v = 0; v < STRIP / LANES; v++) {
                NAME(Vector) takes = SELECT(column[v] == best[v], left[v], (NAME(Vector)){0});
                taken += takes;
                left[v] -= takes;
            }
            out->taken[m * menus->width + c] += NAME(lanes_sum)(taken);
        }
    }
}

/* Cuts at the critical prices of fractional menus, by group of customers: a customer belongs to the
   group whose leader column is worth most to them. See CutSums in handful/menu/sums.py. */
static void NAME(cut)(const NAME(Strip) *strip, int64_t offers, const Points *points,
                      const CutOut *out)
{
    _Alignas(64) REAL price[STRIP], second[STRIP];
    int32_t group[STRIP], order[STRIP], begin[MOST_GROUPS + 1];
    int64_t groups = points->groups;
    NAME(best_two)(strip->columns, points->leaders, groups, price, second, group);
    order_by(group, strip->rows, groups, order, begin);
    for (int64_t t = 0; t < points->count; t++) {
        int64_t from = points->begin[t];
        NAME(critical)(strip->columns, points->slots + from, strip->shares + from,
                       points->begin[t + 1] - from, strip->rows, price);
        for (int64_t c = 0; c < groups; c++) {
            int64_t at = t * groups + c, count = begin[c + 1] - begin[c];
            const int32_t *mine = order + begin[c];
            out->constant[at] += NAME(weighted_sum)(strip->weights, price, mine, count);
            NAME(add_excess)(strip, mine, count, price, offers, out->slope + at * offers);
        }
    }
}

/* One reading of a block for all that is asked of it: column sums always, swaps and values of
   the menus given, cuts at the points given. */
EXPORTED int NAME(handful_pass)(const REAL *const *columns, const int64_t *shape,
                                const double *weights, const Asked *asked)
{
    NAME(Block) block = {columns, shape[0], shape[1], shape[2], shape[3], weights};
    NAME(Strip) strip;
    int failed = !NAME(strip_open)(&strip, block.offers, asked);
    for (int64_t start = 0; !failed && start < block.rows; start += STRIP) {
        NAME(strip_load)(&block, start, &strip);
        NAME(strip_gather)(&block, start, asked->columns, asked->gathered, &strip);
        NAME(scan)(&strip, block.offers, &asked->scan);
        NAME(swap)(&strip, block.offers, &asked->swapped, &asked->swaps);
        NAME(value)(&strip, &asked->valued, &asked->values);
        if (asked->points.count > 0)
            NAME(cut)(&strip, block.offers, &asked->points, &asked->cuts);
    }
    *asked->scan.masked = strip.masked;
    NAME(strip_close)(&strip);
    return failed;
}
