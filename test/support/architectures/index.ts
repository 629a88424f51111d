/** The architectures that lwc serves, each as a float network in a tiny and in its published size. */
import type { Architecture } from "./architecture.js";
import { branchedNets } from "./branched-nets.js";
import { compressionBlocks } from "./compression-blocks.js";
import { denseOutputNets } from "./dense-output-nets.js";
import { mobileNets } from "./mobile-nets.js";
import { signalNets } from "./signal-nets.js";

export const architectures: readonly Architecture[] = [
  ...mobileNets,
  ...branchedNets,
  ...denseOutputNets,
  ...signalNets,
  ...compressionBlocks,
];
