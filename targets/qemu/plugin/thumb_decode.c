/* thumb_decode.c - see thumb_decode.h. h and g are the first and second halfword of an instruction. */
#include "thumb_decode.h"

enum { SP = 13, LR = 14, PC = 15 };

static uint16_t bit(unsigned reg)
{
    return (uint16_t)(1u << (reg & 15u));
}

/* A register field where 15 means "none". */
static uint16_t optional(unsigned reg)
{
    return (reg & 15u) == PC ? 0u : bit(reg);
}

static uint8_t count(unsigned list)
{
    uint8_t n = 0u;
    for (; list != 0u; list &= list - 1u) {
        n++;
    }
    return n;
}

static thumb_insn operation(thumb_class kind, unsigned writes, unsigned reads)
{
    return (thumb_insn){.kind = kind, .writes = (uint16_t)writes, .reads = (uint16_t)reads};
}

static thumb_insn access(bool load, unsigned data, unsigned address)
{
    thumb_insn insn = {.kind = load ? THUMB_LOAD : THUMB_STORE, .address = (uint16_t)address};
    insn.reads = (uint16_t)(address | (load ? 0u : data));
    insn.writes = (uint16_t)(load ? data : 0u);
    return insn;
}

static thumb_insn multiple(bool load, unsigned list, unsigned base, bool writeback)
{
    thumb_insn insn = access(load, list, bit(base));
    insn.kind = load ? THUMB_LOAD_MANY : THUMB_STORE_MANY;
    insn.words = count(list);
    insn.writeback = writeback;
    insn.writes |= writeback ? bit(base) : 0u;
    return insn;
}

/* ---- 16 bits ---- */

static thumb_insn decode_alu16(unsigned h)
{
    const unsigned rd = h & 7u;
    const unsigned rm = (h >> 3) & 7u;
    if ((h >> 13) == 1u) { /* MOV, CMP, ADD, SUB with an 8-bit immediate */
        const unsigned rdn = bit((h >> 8) & 7u);
        switch ((h >> 11) & 3u) {
        case 0u: return operation(THUMB_ALU, rdn, 0u);
        case 1u: return operation(THUMB_ALU, 0u, rdn);
        default: return operation(THUMB_ALU, rdn, rdn);
        }
    }
    if ((h >> 11) == 3u) { /* ADD, SUB of three registers or with a 3-bit immediate */
        const unsigned third = (h & 0x0400u) != 0u ? 0u : bit((h >> 6) & 7u);
        return operation(THUMB_ALU, bit(rd), bit(rm) | third);
    }
    if ((h >> 13) == 0u) { /* shift by an immediate */
        return operation(THUMB_ALU, bit(rd), bit(rm));
    }
    switch ((h >> 6) & 15u) { /* 010000: two registers */
    case 8u:
    case 10u:
    case 11u: return operation(THUMB_ALU, 0u, bit(rd) | bit(rm));
    case 9u:
    case 15u: return operation(THUMB_ALU, bit(rd), bit(rm));
    case 13u: return operation(THUMB_MUL, bit(rd), bit(rd) | bit(rm));
    default: return operation(THUMB_ALU, bit(rd), bit(rd) | bit(rm));
    }
}

static thumb_insn decode_high16(unsigned h)
{
    const unsigned rd = (h & 7u) | ((h >> 4) & 8u);
    const unsigned rm = (h >> 3) & 15u;
    switch ((h >> 8) & 3u) {
    case 0u: return operation(rd == PC ? THUMB_BRANCH : THUMB_ALU, bit(rd), bit(rd) | bit(rm));
    case 1u: return operation(THUMB_ALU, 0u, bit(rd) | bit(rm));
    case 2u: return operation(rd == PC ? THUMB_BRANCH : THUMB_ALU, bit(rd), bit(rm));
    default:
        return (h & 0x80u) != 0u ? operation(THUMB_BRANCH_LINK, bit(LR), bit(rm)) : operation(THUMB_BRANCH, 0u, bit(rm));
    }
}

static thumb_insn decode_misc16(unsigned h)
{
    const unsigned rd = h & 7u;
    const unsigned rm = (h >> 3) & 7u;
    if ((h & 0xf500u) == 0xb100u) {
        return operation(THUMB_BRANCH, 0u, bit(rd)); /* CBZ, CBNZ */
    }
    if ((h & 0xfe00u) == 0xb400u) {
        return multiple(false, (h & 0xffu) | ((h & 0x100u) != 0u ? bit(LR) : 0u), SP, true);
    }
    if ((h & 0xfe00u) == 0xbc00u) {
        return multiple(true, (h & 0xffu) | ((h & 0x100u) != 0u ? bit(PC) : 0u), SP, true);
    }
    switch ((h >> 8) & 15u) {
    case 0u: return operation(THUMB_ALU, bit(SP), bit(SP));
    case 2u:
    case 10u: return operation(THUMB_ALU, bit(rd), bit(rm)); /* extend, byte reverse */
    case 15u: return operation((h & 15u) != 0u ? THUMB_IT : THUMB_ALU, 0u, 0u);
    default: return operation(THUMB_SYSTEM, 0u, 0u);
    }
}

static thumb_insn decode16(unsigned h)
{
    const unsigned low = bit(h & 7u);
    const unsigned base = bit((h >> 3) & 7u);
    const unsigned middle = bit((h >> 8) & 7u);
    switch (h >> 12) {
    case 0x4:
        if ((h & 0x0800u) != 0u) {
            return access(true, middle, 0u); /* literal */
        }
        return (h & 0x0400u) != 0u ? decode_high16(h) : decode_alu16(h);
    case 0x5: {
        thumb_insn insn = access(((h >> 9) & 7u) > 2u, low, base | bit((h >> 6) & 7u));
        insn.register_offset = true;
        return insn;
    }
    case 0x6:
    case 0x7:
    case 0x8: return access((h & 0x0800u) != 0u, low, base);
    case 0x9: return access((h & 0x0800u) != 0u, middle, bit(SP));
    case 0xa: return operation(THUMB_ALU, middle, (h & 0x0800u) != 0u ? bit(SP) : 0u);
    case 0xb: return decode_misc16(h);
    case 0xc: {
        const bool load = (h & 0x0800u) != 0u;
        const bool keeps_base = load && (h & middle) != 0u;
        return multiple(load, h & 0xffu, (h >> 8) & 7u, !keeps_base);
    }
    case 0xd: return operation((h & 0x0e00u) == 0x0e00u ? THUMB_SYSTEM : THUMB_BRANCH, 0u, 0u);
    case 0xe: return operation(THUMB_BRANCH, 0u, 0u);
    default: return decode_alu16(h);
    }
}

/* ---- 32 bits ---- */

static thumb_insn decode_coprocessor(unsigned h, unsigned g)
{
    const unsigned coprocessor = (g >> 8) & 15u;
    const unsigned top = h >> 8;
    const bool is_memory = (h & 0xfe00u) == 0xec00u;
    const bool is_transfer = is_memory && (h & 0xffe0u) == 0xec40u; /* VMOV of two core registers */
    const bool is_fp = (coprocessor == 10u || coprocessor == 11u) && (is_memory || top == 0xeeu || top == 0xfeu);
    if (is_transfer && is_fp) {
        const unsigned pair = bit(g >> 12) | bit(h & 15u);
        thumb_insn insn = (h & 0x10u) != 0u ? operation(THUMB_FP, pair, 0u) : operation(THUMB_FP, 0u, pair);
        insn.words = 2u;
        return insn;
    }
    if (!is_fp) {
        if (is_memory || (h & 0xfe00u) == 0xfc00u) { /* VLDR, VSTR of vectors, gathers, VLD2, VLD4 and their stores */
            const bool writeback = is_memory && (h & 0x20u) != 0u;
            thumb_insn insn = operation((h & 0x10u) != 0u ? THUMB_MVE_LOAD : THUMB_MVE_STORE, writeback ? bit(h) : 0u, bit(h));
            insn.address = bit(h);
            insn.writeback = writeback;
            return insn;
        }
        const bool reduces = (h & 0xef80u) == 0xee80u && (g & 0x0f00u) == 0x0e00u; /* VMLADAV into a core register */
        return operation(THUMB_MVE, reduces ? bit(g >> 12) : 0u, 0u);
    }
    if (is_memory) {
        const bool single = (h & 0x120u) == 0x100u;
        thumb_insn insn = operation((h & 0x10u) != 0u ? THUMB_FP_LOAD : THUMB_FP_STORE, 0u, bit(h));
        insn.address = bit(h);
        insn.words = (uint8_t)(single ? (coprocessor == 11u ? 2u : 1u) : (g & 0xffu));
        insn.writeback = !single && (h & 0x20u) != 0u;
        insn.writes = insn.writeback ? bit(h) : 0u;
        return insn;
    }
    if ((g & 0x10u) != 0u && top == 0xeeu) { /* VMOV of one core register, VMRS, VMSR */
        return (h & 0x10u) != 0u ? operation(THUMB_FP, optional(g >> 12), 0u) : operation(THUMB_FP, 0u, optional(g >> 12));
    }
    const unsigned opcode = (h >> 4) & 0xbu;
    if (top == 0xeeu && (g & 0x10u) == 0u) {
        const bool is_root = (h & 0xffbfu) == 0xeeb1u && (g & 0xc0u) == 0xc0u;
        if ((opcode == 8u && (g & 0x40u) == 0u) || is_root) {
            return operation(THUMB_FP_DIV, 0u, 0u);
        }
        if (opcode <= 1u || opcode == 9u || opcode == 10u) {
            return operation(THUMB_FP_MAC, 0u, 0u);
        }
    }
    return operation(THUMB_FP, 0u, 0u);
}

static thumb_insn decode_memory_group(unsigned h, unsigned g)
{
    const bool load = (h & 0x10u) != 0u;
    const unsigned rn = h & 15u;
    const unsigned rt = g >> 12;
    if ((h & 0x40u) == 0u) {
        return multiple(load, g, rn, (h & 0x20u) != 0u);
    }
    if ((h & 0x120u) != 0u) { /* LDRD, STRD */
        thumb_insn insn = access(load, (unsigned)bit(rt) | bit(g >> 8), optional(rn));
        insn.kind = load ? THUMB_LOAD_PAIR : THUMB_STORE_PAIR;
        insn.writeback = (h & 0x20u) != 0u;
        insn.writes |= insn.writeback ? bit(rn) : 0u;
        return insn;
    }
    if ((h & 0xfff0u) == 0xe8d0u && (g & 0xe0u) == 0u) {
        return operation(THUMB_TABLE_BRANCH, 0u, (unsigned)optional(rn) | bit(g));
    }
    return access(load, bit(rt), bit(rn)); /* exclusive and acquire forms */
}

static thumb_insn decode_shifted_register(unsigned h, unsigned g)
{
    const unsigned op = (h >> 5) & 15u;
    return operation(op == 6u ? THUMB_SIMD : THUMB_ALU, optional(g >> 8), (unsigned)optional(h) | bit(g));
}

static thumb_insn decode_immediate_or_branch(unsigned h, unsigned g)
{
    if ((g & 0x8000u) != 0u) {
        if ((g & 0x5000u) == 0u && ((h >> 7) & 7u) == 7u) {
            return operation(THUMB_SYSTEM, 0u, 0u);
        }
        if ((h & 0xffcfu) == 0xf00fu && (g & 0xf001u) == 0xc001u) {
            return operation(THUMB_LOOP_END, bit(LR), bit(LR));
        }
        const bool links = (g & 0xd000u) == 0xd000u;
        return operation(links ? THUMB_BRANCH_LINK : THUMB_BRANCH, links ? bit(LR) : 0u, 0u);
    }
    const unsigned rd = optional(g >> 8);
    const unsigned rn = optional(h);
    if ((h & 0x0200u) == 0u) {
        return operation(THUMB_ALU, rd, rn);
    }
    switch ((h >> 4) & 31u) { /* plain binary immediate */
    case 0x04: return operation(THUMB_ALU, rd, 0u);        /* MOVW: the rn field is part of the immediate */
    case 0x0c: return operation(THUMB_ALU, rd, rd);        /* MOVT */
    case 0x16: return operation(THUMB_ALU, rd, rd | rn);   /* BFI, BFC */
    default: return operation(THUMB_ALU, rd, rn);
    }
}

static thumb_insn decode_single_access(unsigned h, unsigned g)
{
    const bool load = (h & 0x10u) != 0u;
    const unsigned rn = h & 15u;
    const bool is_literal = load && rn == PC;
    const bool has_imm12 = (h & 0x80u) != 0u;
    const bool by_register = !is_literal && !has_imm12 && (g & 0x0fc0u) == 0u;
    thumb_insn insn = access(load, bit(g >> 12), (unsigned)optional(rn) | (by_register ? bit(g) : 0u));
    insn.register_offset = by_register;
    insn.writeback = !is_literal && !has_imm12 && (g & 0x0900u) == 0x0900u;
    insn.writes |= insn.writeback ? bit(rn) : 0u;
    return insn;
}

static thumb_insn decode_register_operation(unsigned h, unsigned g)
{
    const bool is_parallel = (h & 0x80u) != 0u && (g & 0x80u) == 0u;
    const bool is_extend16 = (h & 0xff80u) == 0xfa00u && (g & 0x80u) != 0u && ((h >> 4) & 7u) >= 2u && ((h >> 4) & 7u) <= 3u;
    const bool is_select = (h & 0xfff0u) == 0xfaa0u && (g & 0xf0u) == 0x80u;
    const bool is_simd = is_parallel || is_extend16 || is_select;
    return operation(is_simd ? THUMB_SIMD : THUMB_ALU, bit(g >> 8), (unsigned)optional(h) | bit(g));
}

static thumb_insn decode_multiply(unsigned h, unsigned g)
{
    const unsigned factors = (unsigned)bit(h) | bit(g);
    const unsigned op = (h >> 4) & 7u;
    if ((h & 0x80u) == 0u) {
        const unsigned accumulator = optional(g >> 12);
        const thumb_class plain = accumulator != 0u ? THUMB_MLA : THUMB_MUL;
        thumb_insn insn = operation(op == 0u ? plain : THUMB_MAC_DSP, bit(g >> 8), factors);
        insn.accumulates = (uint16_t)accumulator;
        return insn;
    }
    if (op == 1u || op == 3u) {
        return operation(THUMB_DIV, bit(g >> 8), factors);
    }
    const unsigned pair = (unsigned)bit(g >> 12) | bit(g >> 8);
    thumb_insn insn = operation(op >= 4u ? THUMB_MLAL : THUMB_MULL, pair, factors);
    insn.accumulates = op >= 4u ? (uint16_t)pair : 0u;
    return insn;
}

static thumb_insn decode32(unsigned h, unsigned g)
{
    if ((h & 0xec00u) == 0xec00u) {
        return decode_coprocessor(h, g);
    }
    switch ((h >> 11) & 3u) {
    case 1u: return (h & 0xfe00u) == 0xe800u ? decode_memory_group(h, g) : decode_shifted_register(h, g);
    case 2u: return decode_immediate_or_branch(h, g);
    default:
        switch ((h >> 8) & 3u) {
        case 2u: return decode_register_operation(h, g);
        case 3u: return decode_multiply(h, g);
        default: return decode_single_access(h, g);
        }
    }
}

thumb_insn thumb_decode(const uint8_t *bytes, size_t size)
{
    const unsigned h = bytes[0] | (unsigned)bytes[1] << 8;
    return size == 2u ? decode16(h) : decode32(h, bytes[2] | (unsigned)bytes[3] << 8);
}
