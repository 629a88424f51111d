/**
 * Which tests run: `fast` is the inner loop (no emulator), `default` is what `npm test` runs, `full` adds every model on
 * every core. Set by LWC_TEST.
 */
export type Tier = "fast" | "default" | "full";

export function tierFrom(value: string | undefined): Tier {
  return value === "fast" || value === "full" ? value : "default";
}

export const tier: Tier = tierFrom(process.env["LWC_TEST"]);
