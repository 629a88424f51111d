/* harness_host.c - the platform of the harness on a workstation: stdio and malloc, so that AddressSanitizer sees every block. */
#include "lwc_harness.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_BLOCKS = 256 };

static FILE *files[3];
static void *blocks[MAX_BLOCKS];
static uint32_t block_count;

int32_t lwc_harness_open(int32_t file)
{
    static const char *const names[3] = {"inputs.bin", "outputs.bin", "trace.bin"};
    files[file] = fopen(names[file], file == LWC_HARNESS_INPUTS ? "rb" : "wb");
    return files[file] != NULL ? 0 : 1;
}

int32_t lwc_harness_read(int32_t file, void *data, uint32_t bytes)
{
    return fread(data, 1u, bytes, files[file]) == bytes ? 0 : 1;
}

int32_t lwc_harness_write(int32_t file, const void *data, uint32_t bytes)
{
    return fwrite(data, 1u, bytes, files[file]) == bytes ? 0 : 1;
}

int32_t lwc_harness_close(int32_t file)
{
    return fclose(files[file]) == 0 ? 0 : 1;
}

void *lwc_harness_alloc(uint32_t bytes, uint32_t align)
{
    if (block_count == (uint32_t)MAX_BLOCKS) {
        return NULL;
    }
    void *block = align > _Alignof(max_align_t) ? aligned_alloc(align, bytes) : malloc(bytes);
    blocks[block_count++] = block;
    return block;
}

void lwc_harness_free_all(void)
{
    while (block_count > 0u) {
        free(blocks[--block_count]);
    }
}

void lwc_harness_stack_begin(void)
{
}

uint32_t lwc_harness_stack_end(void)
{
    return 0u;
}

void lwc_harness_print(const char *text)
{
    (void)fputs(text, stderr);
}
