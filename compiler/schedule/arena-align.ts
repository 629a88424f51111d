/** Offsets in the arena are multiples of this: enough for int32, int64 and float scratch. */
export const ARENA_ALIGN = 8;

export function alignBytes(bytes: number): number {
  return Math.ceil(bytes / ARENA_ALIGN) * ARENA_ALIGN;
}
