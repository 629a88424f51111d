/** The file of `--overrides`: ranges or methods of single tensors. */
import { z } from "zod";
import { fail } from "../diagnostics.js";
import { methods } from "../quantize/methods.js";
import type { Override } from "../quantize/parameters.js";
import { readFile } from "./read-model.js";

const schema = z.record(
  z.string(),
  z.strictObject({
    method: z.enum(methods).optional(),
    min: z.number().max(0).optional(),
    max: z.number().min(0).optional(),
  }),
);

/** {"conv1": {"method": "mse"}, "logits": {"min": -8, "max": 8}} */
export function readOverrides(path: string): ReadonlyMap<string, Override> {
  const text = new TextDecoder().decode(readFile(path, "file of overrides"));
  const entries = Object.entries(parse(path, text)).map(([tensor, { method, min, max }]): [string, Override] => [
    tensor,
    {
      ...(method === undefined ? {} : { method }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    },
  ]);
  return new Map(entries);
}

function parse(path: string, text: string): z.infer<typeof schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(path, error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(json);
  return result.success
    ? result.data
    : refuse(path, result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
}

function refuse(path: string, reason: string): never {
  return fail({
    code: "LWC7151",
    kind: "error",
    message: `${path}: ${reason}`,
    where: { file: path },
    hint: 'expected {"tensor": {"method": "mse"}} or {"tensor": {"min": -8, "max": 8}}',
  });
}
