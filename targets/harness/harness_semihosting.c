/* harness_semihosting.c - the platform of the harness in QEMU: semihosting files and the memory that the linker script left. */
#include "lwc_harness.h"

#include "semihosting.h"
#include "startup.h"

extern uint8_t lwc_ld_ram_free[];
extern uint8_t lwc_ld_ram_end[];
extern uint8_t lwc_ld_large_free[];
extern uint8_t lwc_ld_large_end[];

static int32_t handles[3];
/* The next free address of the RAM and of the large memory; 0 before the first use. */
static uintptr_t next_ram;
static uintptr_t next_large;

int32_t lwc_harness_open(int32_t file)
{
    static const char *const names[3] = {"inputs.bin", "outputs.bin", "trace.bin"};
    handles[file] = lwc_semihosting_open(names[file], file == LWC_HARNESS_INPUTS ? LWC_SEMIHOSTING_READ : LWC_SEMIHOSTING_WRITE);
    return handles[file] >= 0 ? 0 : 1;
}

int32_t lwc_harness_read(int32_t file, void *data, uint32_t bytes)
{
    return lwc_semihosting_read(handles[file], data, bytes) == 0u ? 0 : 1;
}

int32_t lwc_harness_write(int32_t file, const void *data, uint32_t bytes)
{
    return lwc_semihosting_write(handles[file], data, bytes) == 0u ? 0 : 1;
}

int32_t lwc_harness_close(int32_t file)
{
    return lwc_semihosting_close(handles[file]) == 0 ? 0 : 1;
}

static void *take(uintptr_t *next, uintptr_t end, uint32_t bytes, uint32_t align)
{
    const uintptr_t start = (*next + align - 1u) & ~((uintptr_t)align - 1u);
    if (start > end || end - start < bytes) {
        return NULL;
    }
    *next = start + bytes;
    return (void *)start;
}

void *lwc_harness_alloc(uint32_t bytes, uint32_t align)
{
    if (next_ram == 0u) {
        lwc_harness_free_all();
    }
    void *block = take(&next_ram, (uintptr_t)lwc_ld_ram_end, bytes, align);
    return block != NULL ? block : take(&next_large, (uintptr_t)lwc_ld_large_end, bytes, align);
}

void lwc_harness_free_all(void)
{
    next_ram = (uintptr_t)lwc_ld_ram_free;
    next_large = (uintptr_t)lwc_ld_large_free;
}

void lwc_harness_stack_begin(void)
{
    lwc_stack_paint();
}

uint32_t lwc_harness_stack_end(void)
{
    return lwc_stack_used();
}

void lwc_harness_print(const char *text)
{
    lwc_semihosting_print(text);
}
