/*
 * lwc.h - what generated code and its callers share: status codes, kernel parameter structs, portability macros.
 * C11 and C++11. No heap, no globals. See runtime-c/README.md for the contract.
 */
#ifndef LWC_H
#define LWC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__FAST_MATH__)
#error "lwc is exact to the last bit: compile without -ffast-math"
#endif

#ifdef __cplusplus
extern "C" {
#define LWC_RESTRICT
#define LWC_ALIGNED(n) alignas(n)
#else
#define LWC_RESTRICT restrict
#define LWC_ALIGNED(n) _Alignas(n)
#endif

/* Result of every public function. */
typedef enum lwc_status {
    LWC_OK = 0,
    LWC_ERROR_NULL = 1,      /* a pointer argument is NULL */
    LWC_ERROR_SIZE = 2,      /* a buffer is smaller than the model needs */
    LWC_ERROR_ALIGNMENT = 3, /* a pointer is not aligned as its type demands */
    LWC_ERROR_ORDER = 4      /* rows: a call out of turn, or a row too many or too few */
} lwc_status;

/* Gets row y of an output that is handed over row by row, from the top; the row is valid until it returns. */
typedef void (*lwc_row_sink)(void *user, int32_t y, const int8_t *row);

/* How an int32 accumulator becomes int8; see lwc_requant.h. Which one is proven per layer by the compiler. */
enum {
    LWC_REQUANT_SHORT = 0,  /* high word of acc * mult, + add, >> shift: proven equal for every reachable accumulator */
    LWC_REQUANT_WINDOW = 1, /* high word of acc * mult, rounded; results near a tie take the exact path */
    LWC_REQUANT_FLOAT = 2,  /* float32 multiply, round to nearest even: what ONNX Runtime does, literally */
    LWC_REQUANT_SINGLE = 3, /* single rounding, round half up: the `fast` profile */
    LWC_REQUANT_SPLIT = 4   /* two 32-bit products, rounded; results near a tie take the exact path: cores without a 64-bit product */
};

/*
 * Per-layer part of requantization. The per-channel part is an array of int32 words, LWC_REQUANT_WORDS per channel:
 *   SHORT   bias, mult, add
 *   WINDOW  bias, mult, float32 scale (its bits)
 *   FLOAT   bias, float32 scale (its bits)
 *   SINGLE  bias, mult, shift
 *   SPLIT   bias, high, low, float32 scale (its bits)
 */
typedef struct lwc_requant {
    int32_t form;       /* LWC_REQUANT_* */
    int32_t shift;      /* SHORT: in [0, 31]; SPLIT: bits of the fraction, in [1, 20]; FLOAT: 1 where results before the clamp fit int16 */
    int32_t low_bits;   /* SPLIT: bits of `low`, in [1, 16] */
    int32_t window;     /* WINDOW, SPLIT: nearer to a tie than 2^(window - 32) is near, in [16, 26]; SPLIT: 0 where nothing is */
    int32_t zero_point; /* of the output, in [-128, 127]; folded into `add` for SHORT */
    int32_t min;        /* clamp, in [-128, 127] */
    int32_t max;
    /* NULL, or a constant address: what is stored is table[y] for the result y in [-128, 127]; min is -128 and max 127 then. */
    const int8_t *table;
} lwc_requant;

#ifdef __cplusplus
}
#endif

#endif
