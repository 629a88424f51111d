/** `lwc targets`: the cores and boards that lwc knows. */
import { listTargets, loadTarget } from "../../verify/target-files.js";
import { group } from "../report/text.js";
import { say } from "../say.js";

export async function runTargets(options: { readonly json?: boolean }): Promise<void> {
  const targets = await Promise.all((await listTargets()).map((name) => loadTarget(name)));
  if (options.json === true) return say(JSON.stringify(targets, undefined, 1));
  for (const kind of ["host", "core", "board"] as const) {
    for (const target of targets.filter((one) => one.kind === kind)) {
      const bytes = (use: string): number =>
        target.memory.filter((region) => region.use === use).reduce((sum, region) => sum + region.bytes, 0);
      const memory = target.memory.length === 0 ? "" : `, RAM ${group(bytes("ram"))}, flash ${group(bytes("flash"))}`;
      const isa = [target.isa.dsp ? "DSP" : "", target.isa.mve ? "Helium" : "", target.isa.fpu ? "FPU" : ""]
        .filter((name) => name !== "")
        .join("+");
      say(
        `${target.name.padEnd(18)} ${target.title}${memory}${isa === "" ? "" : `, ${isa}`}${target.qemu.length > 0 ? `, QEMU ${target.qemu.map((machine) => machine.machine).join(" or ")}` : ""}`,
      );
    }
  }
}
