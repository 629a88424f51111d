/**
 * Numerics profiles: which engine's last bit the network follows (docs/numerics.md). The arithmetic of an op is looked
 * up here, not scattered.
 */
export type Profile = "ort" | "ort-arm64" | "fast";

export interface Numerics {
  readonly profile: Profile;
}

export function makeNumerics(profile: Profile): Numerics {
  return { profile };
}
