/* Packed weights times quantised activations.
 *
 * Weights: strips of 16 outputs; a strip is a run of blocks, one per 32 inputs. A block of format F holds
 *     16 scales (half), a second 16 for inputs 16..31 when F.halves, 16 minima (half) when F.minimum,
 *     the low 4 bits (256 bytes: 8 steps of 4 inputs x 16 outputs, two steps per 64 bytes) or all 8 (512 bytes),
 *     for bits 5 and 6 a plane each (8 steps x 64 bits).
 * weight = scale * (code - zero), or scale * code + minimum; for F.table, codes are those of FP4 (E2M1), whose numbers
 * doubled are whole: table[code] - zero, and the scale is halved.
 *
 * Activations: int8 with one scale per 32, in tiles of 8 rows, so that all rows of a tile are at constant offsets.
 * Sums over 32 inputs are exact integers; sums over blocks are float, in order of the inputs, one row and output at a
 * time: a row's result does not depend on the rows beside it, nor on the number of threads. */
#pragma once
#include "simd.h"

enum { TILE = 8, GROUP = 32, STRIP = 16 };

typedef struct {
    int bits, minimum, halves, zero_shift; /* zero = 1 << zero_shift, unless there is a minimum */
    int table;
} Format;

enum { FORMATS = 6 };
#define FORMAT_0 {4, 1, 0, 0, 0} /* Q4_0, Q4_1, Q4_K */
#define FORMAT_1 {5, 0, 0, 4, 0} /* Q5_0 */
#define FORMAT_2 {5, 1, 0, 0, 0} /* Q5_1, Q5_K */
#define FORMAT_3 {6, 0, 1, 5, 0} /* Q6_K */
#define FORMAT_4 {8, 0, 0, 7, 0} /* Q8_0 */
#define FORMAT_5 {4, 0, 0, 4, 1} /* FP4 with E8M0 scales */
static const Format formats[FORMATS] = {FORMAT_0, FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4, FORMAT_5};

INLINE int block_bytes(const Format f) {
    return 32 + 32 * f.halves + 32 * f.minimum + (f.bits == 8 ? 512 : 256) + 64 * (f.bits == 5) + 128 * (f.bits == 6);
}

typedef struct {
    float scale, sum;       /* sum: of the 32 activations, after rounding */
    int32_t minus, minus_low; /* minus the sums of the codes: all 32, and the first 16 */
} GroupInfo;

/* A tile: for each group of inputs, 8 rows of 32 codes, and 8 GroupInfo. */
typedef struct {
    int8_t *codes;
    GroupInfo *info;
} Tile;

/* A matrix, or a part of one. Outputs beyond `outputs` in the last strip are padding. */
typedef struct {
    const uint8_t *data;
    int32_t format, outputs, groups, unused;
} Part;

INLINE void quantize_row(const float *x, int width, Tile tile, int row) {
    const int groups = (width + GROUP - 1) / GROUP;
    for (int g = 0; g < groups; g++) {
        float copy[GROUP];
        const float *from = x + g * GROUP;
        if ((g + 1) * GROUP > width) {
            memset(copy, 0, sizeof copy);
            memcpy(copy, from, sizeof(float) * (size_t)(width - g * GROUP));
            from = copy;
        }
        const f32x16 a = load(from), b = load(from + 16);
        const float most = max_lanes(larger(larger(a, -a), larger(b, -b)));
        const f32x16 inverse = splat(most > 1e-30f ? 127.0f / most : 0.0f), magic = splat(12582912.0f);
        const i32x16 qa = (i32x16)(fma16(a, inverse, magic)) - (i32x16)magic;
        const i32x16 qb = (i32x16)(fma16(b, inverse, magic)) - (i32x16)magic;
        int8_t *codes = tile.codes + (size_t)g * TILE * GROUP + row * GROUP;
        *(s8x16 *)codes = __builtin_convertvector(qa, s8x16);
        *(s8x16 *)(codes + 16) = __builtin_convertvector(qb, s8x16);
        const int low = sum_lanes_i(qa), high = sum_lanes_i(qb);
        const float scale = most / 127.0f;
        tile.info[(size_t)g * TILE + row] = (GroupInfo){scale, scale * (float)(low + high), -(low + high), -low};
    }
}

/* y[r] = the strip times row r, for r < R. */
INLINE void strip_rows(const uint8_t *w, int groups, Tile tile, const Format f, const int R, f32x16 *y) {
    f32x16 total[TILE];
    for (int r = 0; r < R; r++) total[r] = splat(0.0f);
    const int8_t *codes = tile.codes;
    const GroupInfo *info = tile.info;
    const int bytes = block_bytes(f);
    for (int g = 0; g < groups; g++, w += bytes, codes += TILE * GROUP, info += TILE) {
        if (R == 1)
            for (int line = 0; line < bytes; line += 64) __builtin_prefetch(w + 4096 + line);
        const f32x16 scale = load_half((const uint16_t *)w);
        const uint8_t *at = w + 32;
        f32x16 second = scale, minimum = scale;
        if (f.halves) second = load_half((const uint16_t *)at), at += 32;
        if (f.minimum) minimum = load_half((const uint16_t *)at), at += 32;
        const uint8_t *plane = at + 256;
        i32x16 sum[TILE];
        for (int r = 0; r < R; r++) {
            if (f.minimum)
                sum[r] = splat_i(0);
            else
                sum[r] = splat_i(f.halves ? info[r].minus_low : info[r].minus) << f.zero_shift;
        }
#pragma GCC unroll 4
        for (int pair = 0; pair < 4; pair++) {
            u8x64 low, high;
            if (f.bits == 8) {
                low = *(const u8x64 *)(at + 128 * pair);
                high = *(const u8x64 *)(at + 128 * pair + 64);
            } else {
                const u8x64 both = *(const u8x64 *)(at + 64 * pair);
                low = both & 15;
                high = (both >> 4) & 15;
                if (f.table) low = fp4_numbers(low), high = fp4_numbers(high);
                if (f.bits >= 5) {
                    low = add_plane(low, plane + 16 * pair, 16);
                    high = add_plane(high, plane + 16 * pair + 8, 16);
                }
                if (f.bits >= 6) {
                    low = add_plane(low, plane + 64 + 16 * pair, 32);
                    high = add_plane(high, plane + 64 + 16 * pair + 8, 32);
                }
            }
            if (f.halves && pair == 2)
#pragma GCC unroll 8
                for (int r = 0; r < R; r++) {
                    const f32x16 part = __builtin_convertvector(sum[r], f32x16);
                    total[r] = fma16(part, scale * splat(info[r].scale), total[r]);
                    sum[r] = splat_i(info[r].minus - info[r].minus_low) << f.zero_shift;
                }
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                int32_t a, b;
                memcpy(&a, codes + r * GROUP + 8 * pair, 4);
                memcpy(&b, codes + r * GROUP + 8 * pair + 4, 4);
                sum[r] = dot(dot(sum[r], low, a, f.bits == 8), high, b, f.bits == 8);
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const f32x16 part = __builtin_convertvector(sum[r], f32x16);
            total[r] = fma16(part, second * splat(info[r].scale), total[r]);
            if (f.minimum) total[r] = fma16(minimum, splat(info[r].sum), total[r]);
        }
    }
    for (int r = 0; r < R; r++) y[r] = total[r];
}

#define KERNEL(F, R)                                                                        \
    static void strip_##F##_##R(const uint8_t *w, int groups, Tile tile, f32x16 *y) {       \
        strip_rows(w, groups, tile, (Format)FORMAT_##F, R, y);                              \
    }
#define KERNELS(F) KERNEL(F, 1) KERNEL(F, 2) KERNEL(F, 4) KERNEL(F, 8)
KERNELS(0)
KERNELS(1)
KERNELS(2)
KERNELS(3)
KERNELS(4)
KERNELS(5)

typedef void (*StripKernel)(const uint8_t *, int, Tile, f32x16 *);
#define ROW_KERNELS(F) {strip_##F##_1, strip_##F##_2, strip_##F##_4, strip_##F##_8}
static const StripKernel strip_kernels[FORMATS][4] = {ROW_KERNELS(0), ROW_KERNELS(1), ROW_KERNELS(2), ROW_KERNELS(3),
                                                      ROW_KERNELS(4), ROW_KERNELS(5)};

/* One strip times the first `rows` rows of a tile: y[r] holds 16 outputs. */
static inline void strip_times(const Part *part, int strip, Tile tile, int rows, f32x16 *y) {
    const uint8_t *w = part->data + (size_t)strip * (size_t)part->groups * (size_t)block_bytes(formats[part->format]);
    const int kind = rows == 1 ? 0 : rows == 2 ? 1 : rows <= 4 ? 2 : 3;
    strip_kernels[part->format][kind](w, part->groups, tile, y);
}

INLINE int strips_of(const Part *part) { return (part->outputs + STRIP - 1) / STRIP; }
