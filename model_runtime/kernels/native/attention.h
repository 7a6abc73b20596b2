/* Grouped-query attention over a half-precision cache.
 *
 * Keys lie in blocks of 16 positions, [kv_heads][capacity / 16][width][16], so that a score of 16 positions is one
 * multiply-add per dimension; values lie [kv_heads][capacity][width]. A key head's queries are rows: row t * group + g
 * is its query head g of the t-th new token. Each row goes over the positions in the same order and cuts, by 32 and by
 * SEGMENT from position 0, so its result depends neither on the other rows nor on how the tokens came in. */
#pragma once
#include "simd.h"
#include <math.h>

enum { SEGMENT = 1024, SPAN = 32, ROWS = 8, MAX_WIDTH = 256 };

/* Softmax so far: the greatest score, the sum of the weights, the weighted values [width]. */
typedef struct {
    float most, sum;
    float values[MAX_WIDTH];
} State;

typedef struct {
    const uint16_t *keys, *values; /* of one key head */
    int width;
} Memory;

INLINE void scores_of(const Memory memory, const float *const *q, const int R, int from, float (*scores)[SPAN]) {
    f32x16 a[ROWS], b[ROWS];
    for (int r = 0; r < R; r++) a[r] = b[r] = splat(0.0f);
    const uint16_t *first = memory.keys + (size_t)from * (size_t)memory.width;
    const uint16_t *second = first + 16 * memory.width;
    for (int d = 0; d < memory.width; d++) {
        const f32x16 ka = load_half(first + 16 * d), kb = load_half(second + 16 * d);
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const f32x16 x = splat(q[r][d]);
            a[r] = fma16(x, ka, a[r]);
            b[r] = fma16(x, kb, b[r]);
        }
    }
    for (int r = 0; r < R; r++) {
        store(scores[r], a[r]);
        store(scores[r] + 16, b[r]);
    }
}

INLINE void add_values(const Memory memory, float (*weights)[SPAN], const float *rescale, const int R, int from,
                       int count, State *const *state) {
    for (int d = 0; d < memory.width; d += 16) {
        const uint16_t *v = memory.values + (size_t)from * (size_t)memory.width + d;
        f32x16 total[ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) total[r] = load(state[r]->values + d) * splat(rescale[r]);
        for (int j = 0; j < count; j++) {
            const f32x16 value = load_half(v + j * memory.width);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) total[r] = fma16(splat(weights[r][j]), value, total[r]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) store(state[r]->values + d, total[r]);
    }
}

/* Add the positions from .. from + 31 to R rows; row r sees positions up to last[r]. */
INLINE void attend_span(const Memory memory, const float *const *q, const int *last, const int R, int from,
                        State *const *state) {
    float weights[ROWS][SPAN], rescale[ROWS];
    scores_of(memory, q, R, from, weights);
    int count = 0;
    const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const f32x16 none = splat(-INFINITY);
    for (int r = 0; r < R; r++) {
        const int seen = last[r] - from + 1;
        if (seen > count) count = seen;
        const f32x16 a = pick(lanes < splat_i(seen), load(weights[r]), none);
        const f32x16 b = pick(lanes < splat_i(seen - 16), load(weights[r] + 16), none);
        float most = max_lanes(larger(a, b));
        if (state[r]->most > most) most = state[r]->most;
        if (most == -INFINITY) { /* this row sees nothing here, and saw nothing before */
            store(weights[r], splat(0.0f));
            store(weights[r] + 16, splat(0.0f));
            rescale[r] = 1.0f;
            continue;
        }
        const f32x16 pa = exp16(a - splat(most)), pb = exp16(b - splat(most));
        store(weights[r], pa);
        store(weights[r] + 16, pb);
        rescale[r] = exp1(state[r]->most - most);
        state[r]->sum = state[r]->sum * rescale[r] + sum_lanes(pa + pb);
        state[r]->most = most;
    }
    add_values(memory, weights, rescale, R, from, count < SPAN ? count : SPAN, state);
}

static void attend_span_8(Memory m, const float *const *q, const int *last, int from, State *const *s) {
    attend_span(m, q, last, 8, from, s);
}
static void attend_span_4(Memory m, const float *const *q, const int *last, int from, State *const *s) {
    attend_span(m, q, last, 4, from, s);
}
static void attend_span_1(Memory m, const float *const *q, const int *last, int from, State *const *s) {
    attend_span(m, q, last, 1, from, s);
}
static void attend_span_6(Memory m, const float *const *q, const int *last, int from, State *const *s) {
    attend_span(m, q, last, 6, from, s);
}

static void state_clear(State *state, int width) {
    state->most = -INFINITY;
    state->sum = 0.0f;
    memset(state->values, 0, sizeof(float) * (size_t)width);
}

/* Add the softmax of a segment to that of the segments before it. */
static void state_merge(State *total, const State *part, int width) {
    if (part->most == -INFINITY) return;
    const float most = total->most > part->most ? total->most : part->most;
    const float old = exp1(total->most - most), new = exp1(part->most - most);
    total->most = most;
    total->sum = total->sum * old + part->sum * new;
    for (int d = 0; d < width; d += 16)
        store(total->values + d, fma16(splat(new), load(part->values + d), splat(old) * load(total->values + d)));
}

/* Rows of one key head over the positions of one segment, into cleared states. */
static void attend_segment(Memory memory, const float *const *q, const int *last, int rows, int segment,
                           State *states) {
    int newest = 0;
    for (int r = 0; r < rows; r++) {
        state_clear(states + r, memory.width);
        if (last[r] > newest) newest = last[r];
    }
    const int begin = segment * SEGMENT;
    const int end = begin + SEGMENT < newest + 1 ? begin + SEGMENT : newest + 1;
    for (int from = begin; from < end; from += SPAN)
        for (int r = 0; r < rows;) {
            State *at[ROWS];
            const int left = rows - r, take = left >= 8 ? 8 : left >= 6 ? 6 : left >= 4 ? 4 : 1;
            int seeing = 0;
            for (int i = 0; i < take; i++) {
                at[i] = states + r + i;
                seeing |= last[r + i] >= from;
            }
            if (seeing) {
                if (take == 8) attend_span_8(memory, q + r, last + r, from, at);
                else if (take == 6) attend_span_6(memory, q + r, last + r, from, at);
                else if (take == 4) attend_span_4(memory, q + r, last + r, from, at);
                else attend_span_1(memory, q + r, last + r, from, at);
            }
            r += take;
        }
}
