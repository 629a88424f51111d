/**
 * Handlebars' strict mode misses undefined names inside {{#if}}, {{#each}} and partial arguments, so every path of every
 * template is resolved against the type of the view that it prints.
 */
import Handlebars from "handlebars";
import { Project, type Type } from "ts-morph";
import { describe, expect, it } from "vitest";
import { makeRender, partials } from "../../compiler/codegen/templates.js";
import { assets } from "./programs.js";

const project = new Project({ tsConfigFilePath: "tsconfig.json", skipAddingFilesFromTsConfig: true });
const viewFile = project.addSourceFileAtPath("compiler/codegen/view.ts");
const viewsFile = project.addSourceFileAtPath("compiler/codegen/templates.ts");

const templateViews = new Map(
  viewsFile
    .getInterfaceOrThrow("TemplateViews")
    .getProperties()
    .map((property) => [property.getName().replaceAll('"', ""), property.getType()] as const),
);

/** What is wrong with the paths of a template printed with a view of the given type. */
function problemsOf(text: string, type: Type): readonly string[] {
  const problems: string[] = [];
  walk(Handlebars.parse(text), type, problems);
  return problems;
}

function walk(program: hbs.AST.Program, type: Type, problems: string[]): void {
  for (const statement of program.body) {
    switch (statement.type) {
      case "ContentStatement":
      case "CommentStatement":
        break;
      case "MustacheStatement": {
        const { path, params } = statement as hbs.AST.MustacheStatement;
        if (params.length > 0) problems.push(`helper call in line ${statement.loc.start.line}`);
        const value = resolve(path as hbs.AST.PathExpression, type, problems);
        if (value && !value.isString())
          problems.push(`{{${(path as hbs.AST.PathExpression).original}}} is not a string: ${value.getText()}`);
        break;
      }
      case "BlockStatement":
        walkBlock(statement as hbs.AST.BlockStatement, type, problems);
        break;
      case "PartialStatement": {
        const { name, params } = statement as hbs.AST.PartialStatement;
        const partial = (name as hbs.AST.PathExpression).original;
        const argument = params[0] ? resolve(params[0] as hbs.AST.PathExpression, type, problems) : type;
        const source = assets.templates.get(`${partial}.hbs`);
        if (source === undefined || !partials.some((path) => path === `${partial}.hbs`))
          problems.push(`no partial "${partial}"`);
        else if (argument)
          problems.push(
            ...problemsOf(source, argument.getNonNullableType()).map((problem) => `in ${partial}: ${problem}`),
          );
        break;
      }
      default:
        problems.push(`${statement.type} in line ${statement.loc.start.line}`);
    }
  }
}

function walkBlock(block: hbs.AST.BlockStatement, type: Type, problems: string[]): void {
  const helper = (block.path as hbs.AST.PathExpression).original;
  const argument = resolve(block.params[0] as hbs.AST.PathExpression, type, problems);
  if (helper === "if" || helper === "unless") {
    walk(block.program, type, problems);
  } else if (helper === "each") {
    const element = argument?.getArrayElementType() ?? argument?.getNumberIndexType();
    if (argument && !element) problems.push(`{{#each}} over ${argument.getText()}`);
    if (element) walk(block.program, element, problems);
  } else {
    problems.push(`helper "${helper}"`);
  }
  if (block.inverse) walk(block.inverse, type, problems);
}

function resolve(path: hbs.AST.PathExpression, type: Type, problems: string[]): Type | undefined {
  if (path.depth > 0) problems.push(`"${path.original}" leaves its block`);
  let current = type;
  for (const part of path.parts) {
    const property = current.getProperty(String(part));
    if (!property) {
      problems.push(`"${path.original}": no "${part}" in ${type.getText()}`);
      return undefined;
    }
    current = property.getTypeAtLocation(viewFile);
  }
  return current;
}

describe("templates", () => {
  it("are all known", () => {
    expect([...assets.templates.keys()].filter((path) => !path.startsWith("project/")).sort()).toEqual(
      [...templateViews.keys(), ...partials].sort(),
    );
  });

  it.each([...templateViews.keys()])("%s uses only names of its view", (path) => {
    expect(problemsOf(assets.templates.get(path)!, templateViews.get(path)!)).toEqual([]);
  });

  it("finds a wrong name wherever strict mode does not look", () => {
    const header = templateViews.get("model.h.hbs")!;
    expect(problemsOf("{{#if nothing}}{{/if}}", header)).toHaveLength(1);
    expect(problemsOf("{{#each ports}}{{#each notes}}{{lost}}{{/each}}{{/each}}", header)).toHaveLength(1);
    expect(problemsOf("{{> banner missing}}", header)).toHaveLength(1);
    expect(problemsOf("{{banner}}", header)).toHaveLength(1);
    expect(problemsOf("{{#each guard}}{{/each}}{{#with guard}}{{/with}}", header).length).toBeGreaterThan(0);
  });

  it("end with one line feed and hold no tab and no carriage return", () => {
    for (const [path, text] of assets.templates) {
      expect(text, path).toMatch(/[^\n]\n$/);
      expect(text, path).not.toMatch(/[\t\r]/);
    }
  });

  it("refuse an undefined value", () => {
    const render = makeRender(new Map([...assets.templates, ["weights.h.hbs", "{{banner.lost}}\n"]]));
    const view = {
      banner: { title: "", facts: [] },
      name: "",
      guard: "",
      attribute: "",
      attributeNotes: [],
      arrays: [],
    };
    expect(() => render("weights.h.hbs", view)).toThrow(/lost/);
  });
});
