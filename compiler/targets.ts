/**
 * Targets as data: cores and boards, one JSON file each in targets/, checked here. Pure: verify/target-files.ts reads the
 * files. A board file leaves out what its core says; `resolveBoard` fills that in.
 */
import { z } from "zod";
import { CompileError, fail } from "./diagnostics.js";

const addressSchema = z.string().regex(/^0x[0-9a-f]{8}$/);

const regionSchema = z.strictObject({
  name: z.string().describe("as the reference manual calls it: DTCM, SRAM1, ..."),
  bytes: z.number().int().positive(),
  use: z.enum(["ram", "flash"]),
  cycles: z
    .number()
    .nonnegative()
    .optional()
    .describe(
      "modelled cycles that the core waits for a word of 32 bits, beyond what its own RAM takes; absent: not known",
    ),
  external: z.boolean().optional().describe("outside the chip, on the board: slower than what is inside"),
  address: addressSchema.optional().describe("absent where no tool needs one"),
});

const spanSchema = z.strictObject({ origin: addressSchema, bytes: z.number().int().positive() });

const machineSchema = z.strictObject({
  machine: z.string().describe("qemu-system-arm -M"),
  code: spanSchema.describe("vector table, code, constants"),
  ram: spanSchema.describe("stack, data, and the arena where it fits"),
  large: spanSchema.optional().describe("weights or an arena that do not fit the two above"),
  stackBytes: z.number().int().positive().describe("least size of the stack"),
  note: z.string().optional().describe("what the machine cannot show"),
});

const kernelCostSchema = z.strictObject({
  mac: z.number().nonnegative().describe("modelled cycles per multiply-accumulate"),
  output: z.number().nonnegative().describe("modelled cycles per output value, beside its multiply-accumulates"),
  input: z.number().nonnegative().optional().describe("modelled cycles per input value that is fetched; absent: 0"),
  call: z.number().nonnegative().optional().describe("modelled cycles per call of the kernel, or per row; absent: 0"),
  bytes: z.number().int().nonnegative().describe("code of one instance"),
});

export const targetSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  kind: z.enum(["host", "core", "board"]),
  core: z.string().describe("the core that a board carries; a core names itself"),
  mhz: z.number().positive().optional().describe("highest clock of the board's chip, for estimates"),
  isa: z.strictObject({
    dsp: z.boolean().describe("SMLAD and friends (Armv7E-M, Armv8-M DSP extension)"),
    mve: z.boolean().describe("Helium integer vectors"),
    fpu: z.boolean().describe("single-precision FPU"),
    smull: z.boolean().describe("32x32->64 multiply in one instruction"),
    unaligned: z.boolean().describe("unaligned word loads allowed"),
    dataCache: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("bytes of the data cache that a kernel may count on; absent: none"),
  }),
  kernels: z
    .record(z.string().regex(/^lwc_[a-z0-9_]+$/), kernelCostSchema)
    .describe("costs of the kernels that an operator may choose from; one that is not listed is never chosen"),
  cflags: z.array(z.string()).describe("flags of the C compiler that select the core"),
  memory: z.array(regionSchema).describe("empty for a bare core: nothing to check the plan against"),
  qemu: z.array(machineSchema).describe("machines that execute its code, the first that a program fits is used"),
  source: z.string().describe("where the numbers come from"),
});

/** A board file: the same, where isa, kernels, cflags and qemu may be left to the core. */
const boardSchema = targetSchema.extend({
  kind: z.literal("board"),
  isa: targetSchema.shape.isa.optional(),
  kernels: targetSchema.shape.kernels.optional(),
  cflags: targetSchema.shape.cflags.optional(),
  qemu: targetSchema.shape.qemu.optional(),
});

export const targetFileSchema = z.union([targetSchema.extend({ kind: z.enum(["host", "core"]) }), boardSchema]);

export type Target = z.infer<typeof targetSchema>;
export type KernelCost = z.infer<typeof kernelCostSchema>;
export type QemuMachine = z.infer<typeof machineSchema>;
/** What a file says; a board's needs its core. */
export type TargetFile = z.infer<typeof targetFileSchema>;

/** Checks the text of a target file. */
export function parseTargetFile(file: string, text: string): TargetFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail({
      code: "LWC7001",
      kind: "error",
      message: `target file ${file} is not JSON: ${String(error)}`,
      where: { file },
    });
  }
  const schema = isBoard(json) ? boardSchema : targetSchema;
  const result = schema.safeParse(json);
  if (!result.success) {
    throw new CompileError(
      result.error.issues.map((issue) => ({
        code: "LWC7002",
        kind: "error" as const,
        message: `target file ${file}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
        where: { file },
      })),
    );
  }
  return targetFileSchema.parse(result.data);
}

/** Checks the text of a target file that needs no other file: a core, the host, or a board that says everything. */
export function parseTarget(file: string, text: string): Target {
  return resolveTarget(file, parseTargetFile(file, text), undefined);
}

/** Completes a board with what its core says. `core` is ignored for cores and the host. */
export function resolveTarget(file: string, parsed: TargetFile, core: Target | undefined): Target {
  if (parsed.kind !== "board") return parsed;
  const isa = parsed.isa ?? core?.isa;
  const kernels = parsed.kernels ?? core?.kernels;
  const cflags = parsed.cflags ?? core?.cflags;
  const qemu = parsed.qemu ?? core?.qemu;
  if (isa === undefined || kernels === undefined || cflags === undefined || qemu === undefined) {
    return fail({
      code: "LWC7003",
      kind: "error",
      message: `target file ${file}: expected isa, kernels, cflags and qemu here or in the file of core "${parsed.core}"`,
      where: { file },
    });
  }
  return { ...parsed, isa, kernels, cflags, qemu };
}

/** The JSON Schema of target files, for editors: targets/target.schema.json. */
export function targetJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(targetFileSchema), undefined, 2)}\n`;
}

function isBoard(json: unknown): boolean {
  return typeof json === "object" && json !== null && "kind" in json && json.kind === "board";
}
