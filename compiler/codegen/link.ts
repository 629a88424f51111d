/**
 * Several programs as one folder of C: kernels, constants that are equal and kernel instances that are equal once, and a context
 * that is the union of theirs, for models that take turns.
 *
 *   <name>.h                  includes the models' headers and defines the common context
 *   <model>.h, <model>.c      as of a program alone
 *   <name>_weights.h/.c       the constants of all
 *   <name>_kernels.h/.c       kernel instances that several models call, where there are any
 *   lwc/                      the kernels that are used
 */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Program, SourceFile } from "../schedule/schedule.js";
import { bindProgram, type LinkBinding, publicNames } from "./bindings.js";
import { commentText } from "./c-comment.js";
import { isFreeName, makeNameScope, sanitize } from "./c-names.js";
import { makeConstantPool } from "./constants.js";
import { type Assets, type EmitOptions, kernelHeaders } from "./emit.js";
import { headerView } from "./header-view.js";
import { type SharedInstances, shareInstances } from "./instances.js";
import { runtimeFiles, runtimeNames } from "./runtime-files.js";
import { sourceView } from "./source-view.js";
import { makeRender, type Render } from "./templates.js";
import type { BannerView, LinkView } from "./view.js";
import { weightsView } from "./weights-view.js";

export interface LinkedPrograms {
  /** Prefix of the common names, no program's name. */
  readonly name: string;
  /** Of different names. */
  readonly programs: readonly Program[];
  /** For the banners. */
  readonly command: string;
}

export function emitLinked(linked: LinkedPrograms, assets: Assets, options: EmitOptions = {}): readonly SourceFile[] {
  const { name, programs } = linked;
  checkLinkable(programs);
  const render = makeRender(assets.templates);
  const names = runtimeNames(assets.runtime);
  const scope = makeNameScope([...names, ...programs.flatMap((program) => publicNames(program, names))]);
  const pool = makeConstantPool(scope);
  const shared = shareInstances(programs, `lwc_${name}`, { scope, pool });
  const link: LinkBinding = { scope, pool, shared: shared.names };
  const models = programs.flatMap((program): readonly SourceFile[] => {
    const bindings = bindProgram(program, names, link);
    const headers = {
      weightsHeader: `${name}_weights.h`,
      sharedHeader: shared.views.length > 0 ? `${name}_kernels.h` : "",
      kernelHeaders: kernelHeaders(program),
    };
    return [
      { path: `${program.name}.h`, text: render("model.h.hbs", headerView(program, bindings)) },
      {
        path: `${program.name}.c`,
        text: render("model.c.hbs", sourceView(program, bindings, headers, options.trace ?? false)),
      },
    ];
  });
  const weights = (file: string, body: boolean) =>
    weightsView(pool.arrays, {
      name,
      macro: macroOf(name),
      banner: bannerOf(linked, file, "constants of all models, equal ones once"),
      body,
      isLinked: true,
      attribute: "WEIGHTS",
    });
  return [
    { path: `${name}.h`, text: render("link.h.hbs", linkView(linked)) },
    ...models,
    { path: `${name}_weights.h`, text: render("weights.h.hbs", weights(`${name}_weights.h`, false)) },
    { path: `${name}_weights.c`, text: render("weights.c.hbs", weights(`${name}_weights.c`, true)) },
    ...sharedFiles(linked, shared, render),
    ...runtimeFiles(assets.runtime, [...new Set(programs.flatMap(kernelHeaders))].sort()),
  ];
}

/** The common context is a union of contexts that hold their arenas, and constants are in one file. */
function checkLinkable(programs: readonly Program[]): void {
  const diagnostics = programs.flatMap(({ name, arena: { regions } }): Diagnostic[] =>
    regions === undefined
      ? []
      : [
          {
            code: "LWC4011",
            kind: "unsupported",
            message: `model "${name}" has its arena in ${regions.map((region) => region.name).join(", ")}: models that are linked share one block`,
            hint: "give one --region, or compile the models apart and let their parts of an arena overlap in a union of your own",
          },
        ],
  );
  for (const { name, hot } of programs) {
    if (hot === undefined) continue;
    diagnostics.push({
      code: "LWC4013",
      kind: "unsupported",
      message: `model "${name}" has constants for fast RAM: models that are linked have theirs in common`,
      hint: "leave out --hot-weights, or compile the models apart",
    });
  }
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
}

/** Names that two of the models would define, or that a model and the common header would. Empty where they fit together. */
export function nameClashes({ name, programs }: LinkedPrograms, files: readonly SourceFile[]): readonly string[] {
  const seen = new Set<string>();
  const clashes = new Set<string>();
  for (const header of [name, ...programs.map((program) => program.name)]) {
    const { text = "" } = files.find(({ path }) => path === `${header}.h`) ?? {};
    const defined = Array.from(
      text.matchAll(/^#define (\w+)|^typedef (?:struct|union) (\w+)|^\w[\w *]*?\b(lwc_\w+)\(/gm),
      ([, macro, type, fn]) => macro ?? type ?? fn ?? "",
    );
    for (const one of new Set(defined)) (seen.has(one) ? clashes : seen).add(one);
  }
  const paths = files.map(({ path }) => path.toLowerCase());
  for (const path of paths.filter((one, i) => paths.indexOf(one) !== i)) clashes.add(path);
  return [...clashes];
}

/** Members of the union of contexts, in the order of the programs. */
export function contextMembers(programs: readonly Program[]): readonly string[] {
  const scope = makeNameScope();
  return programs.map((program) => {
    const member = sanitize(program.name);
    return scope(isFreeName(member) ? member : `model_${member}`);
  });
}

function linkView(linked: LinkedPrograms): LinkView {
  const { name, programs } = linked;
  const members = contextMembers(programs);
  return {
    banner: bannerOf(linked, `${name}.h`, "models that share constants, kernels and RAM"),
    guard: `${macroOf(name)}_LINK_H`,
    prefix: `lwc_${name}`,
    macro: macroOf(name),
    arenaBytes: String(Math.max(...programs.map((program) => program.arena.bytes))),
    models: programs.map((program, i) => ({
      header: `${program.name}.h`,
      type: `lwc_${program.name}_ctx`,
      member: members[i] ?? "",
    })),
  };
}

function sharedFiles(linked: LinkedPrograms, shared: SharedInstances, render: Render): readonly SourceFile[] {
  const { name } = linked;
  if (shared.views.length === 0) return [];
  const view = (file: string) => ({
    banner: bannerOf(linked, file, "kernel instances that several models call"),
    name,
    guard: `${macroOf(name)}_KERNELS_H`,
    needsString: shared.views.some(({ rows }) => rows?.fillsPadding === true),
    weightsHeader: shared.readsConstants ? `${name}_weights.h` : "",
    kernelHeaders: shared.headers,
    instances: shared.views,
  });
  return [
    { path: `${name}_kernels.h`, text: render("shared.h.hbs", view(`${name}_kernels.h`)) },
    { path: `${name}_kernels.c`, text: render("shared.c.hbs", view(`${name}_kernels.c`)) },
  ];
}

function bannerOf({ programs, command }: LinkedPrograms, file: string, what: string): BannerView {
  const [first] = programs;
  return {
    title: `${file} - ${what}`,
    facts: [
      { label: "models   ", value: programs.map((program) => program.name).join(", ") },
      ...(command === "" ? [] : [{ label: "command  ", value: commentText(command, 400) }]),
      { label: "generator", value: `lwc ${commentText(first?.options.version ?? "")}` },
    ],
  };
}

function macroOf(name: string): string {
  return `LWC_${name.toUpperCase()}`;
}
