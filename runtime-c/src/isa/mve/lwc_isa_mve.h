/*
 * Vector loops on MVE with floating point (Armv8.1-M) that move bytes, and what assembly of all loops shares. Their twins in ../portable
 * state what each computes. Conditional assembly specialises the loops: operands with %c are immediates. Predicates are assembly too,
 * since a statement cannot tell the compiler that it overwrites them.
 */
#ifndef LWC_ISA_MVE_H
#define LWC_ISA_MVE_H

#include <arm_mve.h>
#include <stdint.h>

/* Copies `count` bytes that do not overlap. */
LWC_MVE_INLINE void lwc_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 16; count -= 16) {
        vstrbq_s8(to, vldrbq_s8(from));
        to += 16;
        from += 16;
    }
    if (count > 0) {
        __asm volatile("vctp.8 %2\n\t"
                       "vpstt\n\t"
                       "vldrbt.8 q0, [%1]\n\t"
                       "vstrbt.8 q0, [%0]"
                       :
                       : "r"(to), "r"(from), "r"(count)
                       : "q0", "memory");
    }
}

/* Fills `count` bytes, a multiple of 16, with `value`. */
LWC_MVE_INLINE void lwc_mve_fill(int8_t *to, int32_t value, int32_t count)
{
    const int8x16_t vector = vdupq_n_s8((int8_t)value);

    for (int32_t i = 0; i < count; i += 16) {
        vstrbq_s8(to + i, vector);
    }
}

/* The C compiler takes a line for an instruction when it places constants; behind assembly that repeats or expands lines. */
#define LWC_MVE_ROOM16 "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define LWC_MVE_ROOM LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16 LWC_MVE_ROOM16

/* reg += value, through r0 where an immediate does not reach. Defined once per file. */
#define LWC_MVE_MACROS \
    ".ifndef lwc_mve_defined\n\t" \
    ".set lwc_mve_defined, 1\n\t" \
    ".macro lwc_mve_add reg, value\n\t" \
    ".if (\\value) > 0 && (\\value) < 4096\n\taddw \\reg, \\reg, #(\\value)\n\t" \
    ".elseif (\\value) < 0 && (\\value) > -4096\n\tsubw \\reg, \\reg, #(-(\\value))\n\t" \
    ".elseif (\\value) != 0\n\tmovw r0, #((\\value) & 65535)\n\tmovt r0, #(((\\value) >> 16) & 65535)\n\tadd \\reg, \\reg, r0\n\t.endif\n\t" \
    ".endm\n\t" \
    ".endif\n\t"

/* One run of a patch: q0 carries it over vector by vector; the row goes on to the next pixel's run. */
#define LWC_MVE_PATCH_RUN(row) \
    ".rept lwc_vectors - 1\n\t" \
    "vldrb.8 q0, [" row "], #16\n\t" \
    "vstrb.8 q0, [%[to]], #16\n\t" \
    ".endr\n\t" \
    ".if (lwc_next > -128) && (lwc_next < 128)\n\t" \
    "vldrb.8 q0, [" row "], #(lwc_next)\n\t" \
    ".else\n\t" \
    "vldrb.8 q0, [" row "]\n\t" \
    "lwc_mve_add " row ", lwc_next\n\t" \
    ".endif\n\t" \
    "vstrb.8 q0, [%[to]], #(lwc_last)\n\t"

LWC_MVE_INLINE void lwc_mve_patches(const int8_t *const *rows, int32_t offset, int32_t height, int32_t run, int32_t step, int32_t count, int8_t *to, int32_t pitch)
{
    const int8_t *a = rows[0] + offset;
    const int8_t *b = rows[(height > 1) ? 1 : 0] + offset;
    const int8_t *c = rows[(height > 2) ? 2 : 0] + offset;
    const int8_t *d = rows[(height > 3) ? 3 : 0] + offset;
    register int32_t left __asm("lr") = count;

    __asm volatile(LWC_MVE_MACROS
                   ".set lwc_vectors, (%c[run] + 15) / 16\n\t"
                   ".set lwc_last, %c[run] - 16 * (lwc_vectors - 1)\n\t"
                   ".set lwc_next, %c[step] - 16 * (lwc_vectors - 1)\n"
                   "1:\n\t"
                   LWC_MVE_PATCH_RUN("%[a]")
                   ".if %c[height] > 1\n\t" LWC_MVE_PATCH_RUN("%[b]") ".endif\n\t"
                   ".if %c[height] > 2\n\t" LWC_MVE_PATCH_RUN("%[c]") ".endif\n\t"
                   ".if %c[height] > 3\n\t" LWC_MVE_PATCH_RUN("%[d]") ".endif\n\t"
                   "lwc_mve_add %[to], (%c[pitch] - %c[height] * %c[run])\n\t"
                   "le lr, 1b" LWC_MVE_ROOM
                   : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [to] "+&r"(to), "+&r"(left)
                   : [height] "i"(height), [run] "i"(run), [step] "i"(step), [pitch] "i"(pitch)
                   : "r0", "q0", "memory");
}

#endif
