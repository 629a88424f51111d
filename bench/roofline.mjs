/**
 * How close the kernels come to what their cores allow: instructions of every convolution and fully connected layer of the bench
 * models, by kernel, against the analytic limit of the kernel's scheme (the formulas below, explained in docs/kernels.md). Writes
 * bench/roofline.md. Run by `npm run bench:roofline`; rows of kernels that have no formula here are left out.
 *
 *   npm run bench:roofline                             every model that is present, Cortex-M4, M7 and M33
 *   npm run bench:roofline -- --only vww --core m4     prints the rows and writes nothing
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../dist/compiler/index.js";
import { readAssets } from "../dist/compiler/verify/assets.js";
import { measureProgram } from "../dist/compiler/verify/measure.js";
import { loadTarget } from "../dist/compiler/verify/target-files.js";

const root = new URL("..", import.meta.url).pathname;
const shared = "../shared/models";
const models = [
  `${shared}/vww_96_int8_qdq.onnx`,
  `${shared}/resnet8_int8_qdq.onnx`,
  `${shared}/kws_dscnn_int8_qdq.onnx`,
  `${shared}/ad01_int8_qdq.onnx`,
  `${shared}/mcunet_vww_int8_qdq.onnx`,
  "examples/digits/digits.onnx",
];
const { values: options } = parseArgs({ options: { only: { type: "string" }, core: { type: "string" } } });
const cores = ["m4", "m7", "m33"].filter((core) => (options.core ?? core) === core).map((core) => `cortex-${core}`);

/** Instructions of requantization, clamp and store of an output: three of four of a pair are shared in float. */
const requantize = (form) => (form === 0 ? 3 : form === 2 ? 6 : 8);
/** LDR, two SXTB16 and two STR expand four bytes. */
const EXPAND = 5 / 4;
/** Two LDR, four SXTB16, four PKH and four STR unzip eight bytes. */
const UNZIP = 14 / 8;

/** A layer as the formulas see it: [kind, limit in instructions]. */
const limits = {
  lwc_pointwise_s8_dsp4: dense,
  lwc_pointwise_shared_s8_dsp: dense,
  lwc_conv2d_s8_dsp4: dense,
  /** 8 outputs of a pixel: one LDR of taps, four of weights, four SXTB16, eight SMLAD for 16 multiply-accumulates. */
  lwc_fully_connected_s8_dsp: ({ macs, outputs, inputs, form }) =>
    macs * (17 / 16) + outputs * (requantize(form) + 0.5) + inputs * EXPAND,
  /** Two outputs of a window row: (k + 1) multiply instructions and one load, at stride 2 two; then bias, requantization. */
  lwc_depthwise_planes_s8_dsp({ outputs, fields, form }) {
    const k = fields.kernel_w;
    const row = (k + 1) / 2 + (fields.stride_w === 2 ? 1 : 0.5);
    const rows = ((fields.rows - 1) * fields.stride_h + fields.kernel_h) / fields.rows;
    const fetched = (outputs / fields.out_w) * rows * fields.in_w;
    return outputs * (fields.kernel_h * row + 0.5 + requantize(form)) + fetched * UNZIP;
  },
  /** 16 multiplications for 36; a position of 8 sums ends in 8 stores, a tile in 16 loads, 24 additions, 4 shifts, 4 biases. */
  lwc_conv2d_winograd_s8_dsp({ macs, outputs, fields, form }) {
    const tiles = outputs / fields.out_c / 4;
    return (
      macs * (4 / 9) * (14 / 16) +
      outputs * ((16 + 16 + 24 + 4 + 4) / 4 + requantize(form)) +
      tiles * fields.in_c * ((2.5 * (4 + 8 + 8) + 2 * (16 + 16)) / 4)
    );
  },
};

/** 4 pixels x 2 channels: LDR and SXTB16 of weights, four LDR of taps, eight SMLAD for 16 multiply-accumulates; a SUB per pair. */
function dense({ macs, outputs, inputs, form }) {
  return macs * (14 / 16) + outputs * (requantize(form) + 0.5) + inputs * EXPAND;
}

const assets = await readAssets();
const rows = new Map();
for (const core of cores) {
  for (const path of models) {
    if (!existsSync(join(root, path)) || !path.includes(options.only ?? "")) continue;
    process.stderr.write(`${path} ${core}\n`);
    const compiled = compile(readFileSync(join(root, path)), await loadTarget(core), { optimize: "speed" });
    const { steps, cycleModel } = await measureProgram({ ...compiled, assets });
    for (const { index, call, macs, node } of compiled.program.schedule.steps) {
      const limit = limits[call?.kernel];
      if (limit === undefined) continue;
      const { fields } = call.params;
      const outputs = compiled.program.graph.tensors.get(node.output).shape.reduce((a, b) => a * b, 1);
      const window = (fields.kernel_h ?? 1) * (fields.kernel_w ?? 1) * (fields.in_c ?? 1);
      const inputs = (outputs / (fields.out_c ?? 1)) * window;
      const key = `${kindOf(call.kernel, fields)} | ${core}`;
      const row = rows.get(key) ?? { layers: 0, macs: 0, instructions: 0, cycles: 0, limit: 0 };
      const count = steps.get(index);
      rows.set(key, {
        layers: row.layers + 1,
        macs: row.macs + macs,
        instructions: row.instructions + count.instructions,
        cycles: row.cycles + count.cycles[cycleModel],
        limit: row.limit + limit({ macs, outputs, inputs, fields, form: fields.requant.form }),
      });
    }
  }
}

function kindOf(kernel, fields) {
  if (kernel !== "lwc_depthwise_planes_s8_dsp") return `\`${kernel}\``;
  return `\`${kernel}\` ${fields.kernel_h}x${fields.kernel_w} s${fields.stride_w}`;
}

const lines = [...rows.entries()].toSorted().map(([key, row]) => {
  const [got, bound] = [row.instructions / row.macs, row.limit / row.macs].map((value) => value.toFixed(2));
  const share = Math.round((100 * row.limit) / row.instructions);
  return `| ${key} | ${row.layers} | ${row.macs} | ${got} | ${bound} | ${share} % | ${(row.cycles / row.macs).toFixed(2)} |`;
});
const table = [
  "| kernel | core | layers | MACs | instructions per MAC | limit | reached | modelled cycles per MAC |",
  "|---|---|---:|---:|---:|---:|---:|---:|",
  ...lines,
].join("\n");
if (options.only === undefined && options.core === undefined) {
  writeFileSync(
    join(root, "bench/roofline.md"),
    `# Roofline\n\nWritten by \`npm run bench:roofline\`: layers of the bench models under \`-O speed\`, default numerics, by kernel. The limit is what\nthe instructions of the kernel's scheme alone take: multiplications, the loads that feed them, expansion of the input,\nrequantization and stores, without addresses, loops and borders. What lies between is explained in\n[docs/kernels.md](../docs/kernels.md#what-is-left).\n\n${table}\n`,
  );
} else {
  process.stdout.write(`${table}\n`);
}
