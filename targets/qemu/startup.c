/*
 * startup.c - reset and fault handling for programs that run on a Cortex-M machine of QEMU: vector table, coprocessor and
 * trap set-up, .data and .bss, and a stack that is filled with a pattern so that its use can be measured.
 * Needs no C library beyond memcpy and memset. Symbols come from link.ld.
 */
#include "startup.h"

#include "semihosting.h"

#include <stdint.h>

extern uint32_t lwc_ld_stack_top[];
extern const uint32_t lwc_ld_data_load[];
extern uint32_t lwc_ld_data_start[];
extern uint32_t lwc_ld_data_end[];
extern uint32_t lwc_ld_bss_start[];
extern uint32_t lwc_ld_bss_end[];

int main(void);
void lwc_reset(void);
void lwc_start(void);
void lwc_fault(void);
void lwc_report_fault(const uint32_t *frame, uint32_t vector);

/* Armv7-M ARM B3.2, Armv8-M ARM D1.2. */
#define SCB_CCR (*(volatile uint32_t *)0xE000ED14u)
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)
#define SCB_BFAR (*(volatile uint32_t *)0xE000ED38u)
#define CCR_UNALIGN_TRP (1u << 3)
#define CCR_DIV_0_TRP (1u << 4)

/* Initial stack pointer, reset, and one handler for every exception: none is expected. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {lwc_ld_stack_top,
             {lwc_reset, lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault,
              lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault, lwc_fault}};

/* Enables the FPU and MVE (coprocessors 10 and 11) before any C code runs: the compiler may use their registers at once. */
__attribute__((naked)) void lwc_reset(void)
{
    __asm volatile(
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
        "ldr r0, =0xE000ED88 \n" /* CPACR */
        "ldr r1, [r0]        \n"
        "orr r1, r1, #0xF00000 \n"
        "str r1, [r0]        \n"
        "dsb                 \n"
        "isb                 \n"
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
        "ldr r0, =lwc_ld_stack_limit \n"
        "msr msplim, r0      \n"
#endif
        "ldr r0, =lwc_start  \n"
        "bx  r0              \n"
        ".ltorg              \n");
}

__attribute__((noreturn)) void lwc_start(void)
{
#if defined(__ARM_ARCH_6M__)
    /* Armv6-M traps every unaligned access. Its code may run here on an Armv7-M machine, which must do the same. */
    SCB_CCR |= CCR_UNALIGN_TRP;
#else
    SCB_CCR |= CCR_DIV_0_TRP;
#endif

    const uint32_t *load = lwc_ld_data_load;
    for (uint32_t *word = lwc_ld_data_start; word < lwc_ld_data_end; word++) {
        *word = *load++;
    }
    for (uint32_t *word = lwc_ld_bss_start; word < lwc_ld_bss_end; word++) {
        *word = 0u;
    }
    lwc_stack_paint();

    lwc_semihosting_exit(main());
}

/* In assembly, with no frame of their own: the stack pointer that they see is the caller's. */
__attribute__((naked)) void lwc_stack_paint(void)
{
    __asm volatile(".syntax unified \n"
                   "ldr  r0, =lwc_ld_stack_limit \n"
                   "ldr  r1, =0xC5A3C5A3 \n"
                   "mov  r2, sp \n"
                   "1: cmp r0, r2 \n"
                   "bhs  2f \n"
                   "stmia r0!, {r1} \n"
                   "b    1b \n"
                   "2: bx lr \n"
                   ".ltorg \n");
}

__attribute__((naked)) uint32_t lwc_stack_used(void)
{
    __asm volatile(".syntax unified \n"
                   "ldr  r0, =lwc_ld_stack_limit \n"
                   "ldr  r1, =0xC5A3C5A3 \n"
                   "mov  r2, sp \n"
                   "1: cmp r0, r2 \n"
                   "bhs  2f \n"
                   "ldr  r3, [r0] \n"
                   "cmp  r3, r1 \n"
                   "bne  2f \n"
                   "adds r0, #4 \n"
                   "b    1b \n"
                   "2: subs r0, r2, r0 \n"
                   "bx   lr \n"
                   ".ltorg \n");
}

__attribute__((naked)) void lwc_fault(void)
{
    __asm volatile("mrs r0, msp \n"
                   "mrs r1, ipsr \n"
                   "ldr r2, =lwc_report_fault \n"
                   "bx  r2 \n"
                   ".ltorg \n");
}

static void print_hex(const char *label, uint32_t value)
{
    static const char digits[] = "0123456789abcdef";
    char text[9];
    for (uint32_t i = 0u; i < 8u; i++) {
        text[i] = digits[(value >> (28u - 4u * i)) & 15u];
    }
    text[8] = '\0';
    lwc_semihosting_print(label);
    lwc_semihosting_print(text);
}

/* frame: the exception frame that the core stacked: r0-r3, r12, lr, pc, xpsr. */
void lwc_report_fault(const uint32_t *frame, uint32_t vector)
{
    print_hex("HARDFAULT pc=0x", frame[6]);
    print_hex(" lr=0x", frame[5]);
    print_hex(" vector=0x", vector);
#if !defined(__ARM_ARCH_6M__)
    print_hex(" cfsr=0x", SCB_CFSR);
    print_hex(" bfar=0x", SCB_BFAR);
#endif
    lwc_semihosting_print("\n");
    lwc_semihosting_exit(70);
}
