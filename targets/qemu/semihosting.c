/* semihosting.c - see semihosting.h. Operation numbers are those of ARM IHI 0100, section 4. */
#include "semihosting.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
    ADP_STOPPED_APPLICATION_EXIT = 0x20026
};

static uint32_t call(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t length_of(const char *text)
{
    uint32_t length = 0u;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

int32_t lwc_semihosting_open(const char *name, int32_t mode)
{
    const uint32_t block[3] = {(uint32_t)name, (uint32_t)mode, length_of(name)};
    return (int32_t)call(SYS_OPEN, block);
}

uint32_t lwc_semihosting_read(int32_t handle, void *data, uint32_t bytes)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)data, bytes};
    return call(SYS_READ, block);
}

uint32_t lwc_semihosting_write(int32_t handle, const void *data, uint32_t bytes)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)data, bytes};
    return call(SYS_WRITE, block);
}

int32_t lwc_semihosting_close(int32_t handle)
{
    const uint32_t block[1] = {(uint32_t)handle};
    return (int32_t)call(SYS_CLOSE, block);
}

void lwc_semihosting_print(const char *text)
{
    (void)call(SYS_WRITE0, text);
}

__attribute__((noreturn)) void lwc_semihosting_exit(int32_t code)
{
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)code};
    for (;;) {
        (void)call(SYS_EXIT_EXTENDED, block);
    }
}
