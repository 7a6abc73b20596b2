/* Sixteen lanes of float or int32, and the integer dot product, on whatever the compiler targets.
 *
 * GCC and Clang lower 64-byte vectors to the registers there are (one zmm, two ymm, four NEON), so only what the
 * vector extensions cannot say is written per target: half-precision conversion and the u8 x s8 dot product. */
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef float f32x16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t i32x16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint16_t u16x16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef int8_t s8x16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t u8x64 __attribute__((vector_size(64), aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE f32x16 splat(float x) { return (f32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE i32x16 splat_i(int32_t x) { return (i32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE f32x16 load(const float *p) { return *(const f32x16 *)p; }
INLINE void store(float *p, f32x16 x) { *(f32x16 *)p = x; }

INLINE f32x16 pick(i32x16 mask, f32x16 yes, f32x16 no) {
    return (f32x16)((mask & (i32x16)yes) | (~mask & (i32x16)no));
}

INLINE f32x16 larger(f32x16 a, f32x16 b) {
#if defined(__AVX512F__)
    return (f32x16)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return pick((i32x16)(a > b), a, b);
#endif
}

/* a * b + c with one rounding */
INLINE f32x16 fma16(f32x16 a, f32x16 b, f32x16 c) {
#if defined(__AVX512F__)
    return (f32x16)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
    return a * b + c; /* contracted: the build passes -ffp-contract=fast */
#endif
}

/* The sum and the maximum of the lanes, always in the same tree order. */
INLINE float sum_lanes(f32x16 v) {
    float x[16];
    store(x, v);
    for (int width = 8; width; width /= 2)
        for (int i = 0; i < width; i++) x[i] += x[i + width];
    return x[0];
}

INLINE int32_t sum_lanes_i(i32x16 v) {
    int32_t sum = 0;
    for (int i = 0; i < 16; i++) sum += v[i];
    return sum;
}

INLINE float max_lanes(f32x16 v) {
    float x[16];
    store(x, v);
    for (int width = 8; width; width /= 2)
        for (int i = 0; i < width; i++) x[i] = x[i] > x[i + width] ? x[i] : x[i + width];
    return x[0];
}

INLINE f32x16 load_half(const uint16_t *p) {
#if defined(__AVX512F__)
    return (f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__)
    union { __m256 part[2]; f32x16 all; } u;
    u.part[0] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
    u.part[1] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)));
    return u.all;
#else
    f32x16 x;
    for (int i = 0; i < 16; i++) {
        _Float16 half;
        memcpy(&half, p + i, 2);
        x[i] = (float)half;
    }
    return x;
#endif
}

/* Rounds to nearest; what half precision cannot hold becomes its largest number. */
INLINE void store_half(uint16_t *p, f32x16 x) {
    const f32x16 top = splat(65504.0f);
    x = pick((i32x16)(x > top), top, x);
    x = pick((i32x16)(x < -top), -top, x);
#if defined(__AVX512F__)
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    union { __m256 part[2]; f32x16 all; } u = {.all = x};
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(u.part[0], _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(u.part[1], _MM_FROUND_TO_NEAREST_INT));
#else
    for (int i = 0; i < 16; i++) {
        _Float16 half = (_Float16)x[i];
        memcpy(p + i, &half, 2);
    }
#endif
}

/* acc[n] += sum over j < 4 of w[4n + j] * a[j]: unsigned weights, four signed activations in one int32.
 * `wide` says that weights may pass 127, which the 16-bit sums of plain AVX2 would not hold. */
INLINE i32x16 dot(i32x16 acc, u8x64 w, int32_t a, int wide) {
    (void)wide;
#if defined(__AVX512VNNI__)
    return (i32x16)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)w, _mm512_set1_epi32(a));
#elif defined(__AVX2__)
    union { __m256i part[2]; i32x16 all; } sum = {.all = acc};
    union { u8x64 all; __m256i part[2]; } weights = {.all = w};
    const __m256i x = _mm256_set1_epi32(a);
    for (int half = 0; half < 2; half++) {
#if defined(__AVXVNNI__)
        sum.part[half] = _mm256_dpbusd_avx_epi32(sum.part[half], weights.part[half], x);
#else
        const __m256i ones = _mm256_set1_epi16(1), low7 = _mm256_set1_epi8(127);
        __m256i u = weights.part[half];
        if (wide) { /* the top bit apart: each product sum then fits 16 bits */
            __m256i top = _mm256_and_si256(_mm256_srli_epi16(u, 7), _mm256_set1_epi8(1));
            __m256i high = _mm256_madd_epi16(_mm256_maddubs_epi16(top, x), ones);
            sum.part[half] = _mm256_add_epi32(sum.part[half], _mm256_slli_epi32(high, 7));
            u = _mm256_and_si256(u, low7);
        }
        sum.part[half] = _mm256_add_epi32(sum.part[half], _mm256_madd_epi16(_mm256_maddubs_epi16(u, x), ones));
#endif
    }
    return sum.all;
#else
    int8_t x[4];
    memcpy(x, &a, 4);
    for (int n = 0; n < 16; n++)
        acc[n] += w[4 * n] * x[0] + w[4 * n + 1] * x[1] + w[4 * n + 2] * x[2] + w[4 * n + 3] * x[3];
    return acc;
#endif
}

/* w + bit for every byte whose bit in the mask is set; the bytes hold nothing at that bit yet. */
INLINE u8x64 add_plane(u8x64 w, const uint8_t *mask, uint8_t bit) {
    uint64_t bits;
    memcpy(&bits, mask, 8);
#if defined(__AVX512BW__)
    return (u8x64)_mm512_mask_add_epi8((__m512i)w, bits, (__m512i)w, _mm512_set1_epi8((char)bit));
#elif defined(__AVX2__)
    union { u8x64 all; __m256i part[2]; } x = {.all = w};
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
                                            3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i which = _mm256_set1_epi64x((long long)0x8040201008040201ULL);
    for (int half = 0; half < 2; half++) {
        __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32((int)(uint32_t)(bits >> (32 * half))), spread);
        __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, which), which);
        x.part[half] = _mm256_or_si256(x.part[half], _mm256_and_si256(set, _mm256_set1_epi8((char)bit)));
    }
    return x.all;
#else
    for (int i = 0; i < 64; i++) w[i] |= (uint8_t)(((bits >> i) & 1) * bit);
    return w;
#endif
}

/* FP4 codes (E2M1, below 16) -> twice their numbers, plus 16. */
INLINE u8x64 fp4_numbers(u8x64 codes) {
    static const uint8_t table[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};
#if defined(__AVX512BW__)
    const __m512i numbers = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (u8x64)_mm512_shuffle_epi8(numbers, (__m512i)codes);
#elif defined(__AVX2__)
    const __m256i numbers = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    union { u8x64 all; __m256i part[2]; } x = {.all = codes};
    for (int half = 0; half < 2; half++) x.part[half] = _mm256_shuffle_epi8(numbers, x.part[half]);
    return x.all;
#else
    for (int i = 0; i < 64; i++) codes[i] = table[codes[i]];
    return codes;
#endif
}

/* e^x for x <= 88, relative error about 1e-7; 0 below -87 and for -infinity. */
INLINE f32x16 exp16(f32x16 x) {
    const i32x16 tiny = (i32x16)(x < splat(-87.0f));
    x = pick(tiny, splat(-87.0f), x);
    const f32x16 magic = splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to a whole number */
    f32x16 whole = fma16(x, splat(1.44269504f), magic);
    i32x16 power = (i32x16)whole - (i32x16)magic;
    whole -= magic;
    f32x16 r = fma16(whole, splat(-0.693359375f), x);
    r = fma16(whole, splat(2.12194440e-4f), r);
    f32x16 p = splat(1.9875691500e-4f);
    p = fma16(p, r, splat(1.3981999507e-3f));
    p = fma16(p, r, splat(8.3334519073e-3f));
    p = fma16(p, r, splat(4.1665795894e-2f));
    p = fma16(p, r, splat(1.6666665459e-1f));
    p = fma16(p, r, splat(5.0000001201e-1f));
    p = fma16(p, r * r, r) + splat(1.0f);
    f32x16 scale = (f32x16)((power + splat_i(127)) << 23);
    return pick(tiny, splat(0.0f), p * scale);
}

INLINE float exp1(float x) { return exp16(splat(x))[0]; }
