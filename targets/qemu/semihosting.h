/*
 * semihosting.h - files, text and exit through the debugger or emulator (Arm "Semihosting for AArch32 and AArch64",
 * ARM IHI 0100). File names are relative to the directory that QEMU was started in.
 */
#ifndef LWC_SEMIHOSTING_H
#define LWC_SEMIHOSTING_H

#include <stdint.h>

enum { LWC_SEMIHOSTING_READ = 1 /* "rb" */, LWC_SEMIHOSTING_WRITE = 5 /* "wb" */ };

/* Returns a handle, or -1. */
int32_t lwc_semihosting_open(const char *name, int32_t mode);
/* Number of bytes NOT read, so 0 is success; `bytes` at the end of the file. */
uint32_t lwc_semihosting_read(int32_t handle, void *data, uint32_t bytes);
/* Number of bytes NOT written. */
uint32_t lwc_semihosting_write(int32_t handle, const void *data, uint32_t bytes);
int32_t lwc_semihosting_close(int32_t handle);
/* Prints to the console of the emulator. */
void lwc_semihosting_print(const char *text);
__attribute__((noreturn)) void lwc_semihosting_exit(int32_t code);

#endif
