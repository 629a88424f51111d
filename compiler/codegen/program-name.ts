/**
 * The name of a program: files and functions carry it, so it must not hide a header that the C compiler looks for in the
 * same directories, or be a file that Windows refuses.
 */

/** Headers, without ".h", of C11 and C23, of POSIX and of newlib's <string.h> and <stdint.h>. */
const systemHeaders =
  "alloca assert complex ctype endian errno fcntl features fenv float inttypes iso646 limits locale malloc math memory newlib " +
  "pthread reent sched setjmp signal stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn " +
  "string strings tgmath threads time uchar unistd wchar wctype xlocale";

/** Windows opens these as devices, whatever the extension. */
const deviceNames =
  "con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9";

/** `lwc verify` links the network with functions of this name. */
const harnessNames = "harness";

const taken: ReadonlySet<string> = new Set([systemHeaders, deviceNames, harnessNames].join(" ").split(" "));

/** `name` where files and functions can have it, otherwise "<name>_net". */
export function programName(name: string): string {
  return taken.has(name.toLowerCase()) ? `${name}_net` : name;
}
