/*
 * thumb_decode.h - what the cycle models need to know of one Thumb instruction: its class and the core registers that it
 * reads and writes. Encodings: Armv7-M ARM (DDI 0403) chapter A5, Armv8.1-M ARM (DDI 0553) chapter C2.
 */
#ifndef LWC_THUMB_DECODE_H
#define LWC_THUMB_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum thumb_class {
    THUMB_ALU,
    THUMB_SIMD,      /* parallel add and subtract, SEL, SXTB16, PKH */
    THUMB_MUL,       /* 32-bit product, no accumulate */
    THUMB_MLA,       /* MLA, MLS */
    THUMB_MAC_DSP,   /* SMLAD, SMLABB, SMMLA and their kind: absent before Armv7E-M */
    THUMB_MULL,      /* 64-bit product */
    THUMB_MLAL,      /* 64-bit accumulate */
    THUMB_DIV,
    THUMB_LOAD,      /* one register */
    THUMB_LOAD_PAIR, /* LDRD */
    THUMB_LOAD_MANY, /* LDM, POP */
    THUMB_STORE,
    THUMB_STORE_PAIR,
    THUMB_STORE_MANY,
    THUMB_TABLE_BRANCH,
    THUMB_BRANCH,   /* B, BX, CBZ, start of a low-overhead loop */
    THUMB_LOOP_END, /* LE, LETP */
    THUMB_BRANCH_LINK, /* BL, BLX */
    THUMB_IT,
    THUMB_SYSTEM, /* MSR, MRS, barriers, BKPT, SVC */
    THUMB_FP,     /* one-cycle FPU operation or move */
    THUMB_FP_MAC, /* VMLA, VFMA */
    THUMB_FP_DIV, /* VDIV, VSQRT */
    THUMB_FP_LOAD,
    THUMB_FP_STORE,
    THUMB_MVE,
    THUMB_MVE_LOAD,
    THUMB_MVE_STORE,
    THUMB_CLASSES
} thumb_class;

typedef struct thumb_insn {
    thumb_class kind;
    uint16_t reads;       /* bit r: core register r; the accumulator of a MAC is in `accumulates`, not here */
    uint16_t writes;
    uint16_t address;     /* of the reads, those that form an address */
    uint16_t accumulates; /* accumulator of a multiply */
    uint8_t words;        /* registers moved by LDM, STM, VLDM, VSTM, VMOV of a pair */
    bool writeback;
    bool register_offset;
} thumb_insn;

/* bytes: the `size` (2 or 4) bytes of the instruction, little-endian. */
thumb_insn thumb_decode(const uint8_t *bytes, size_t size);

#endif
