/** Renders templates: an isolated Handlebars, strict, without helpers and without escaping. */
import Handlebars from "handlebars";
import { must } from "../diagnostics.js";
import type { HeaderView, LinkView, SharedView, SourceView, WeightsView } from "./view.js";

/** The templates by path under templates/, and the view that each one prints. */
export interface TemplateViews {
  readonly "model.h.hbs": HeaderView;
  readonly "model.c.hbs": SourceView;
  readonly "weights.h.hbs": WeightsView;
  readonly "weights.c.hbs": WeightsView;
  readonly "link.h.hbs": LinkView;
  readonly "shared.h.hbs": SharedView;
  readonly "shared.c.hbs": SharedView;
}

/** Templates that others include, by path; the name in `{{> ...}}` is the path without ".hbs". */
export const partials = [
  "banner.hbs",
  "feed.hbs",
  "feed-end.hbs",
  "init.hbs",
  "instance.hbs",
  "step.hbs",
  "kernels/hand-over.hbs",
  "kernels/rows.hbs",
  "kernels/runs.hbs",
  "kernels/flat.hbs",
  "kernels/stream.hbs",
  "kernels/window.hbs",
] as const;

export type Render = <K extends keyof TemplateViews>(path: K, view: TemplateViews[K]) => string;

const compileOptions: CompileOptions = {
  strict: true,
  noEscape: true,
  knownHelpersOnly: true,
};

export function makeRender(templates: ReadonlyMap<string, string>): Render {
  const engine = Handlebars.create();
  for (const path of partials) {
    engine.registerPartial(path.replace(/\.hbs$/, ""), engine.compile(textOf(templates, path), compileOptions));
  }
  const compiled = new Map<string, HandlebarsTemplateDelegate>();
  return (path, view) => {
    const template = compiled.get(path) ?? engine.compile(textOf(templates, path), compileOptions);
    compiled.set(path, template);
    return template(view);
  };
}

function textOf(templates: ReadonlyMap<string, string>, path: string): string {
  return must(templates.get(path), `template ${path}`);
}
