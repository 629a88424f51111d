/**
 * docs/diagnostics.md from the sources: every diagnostic that the compiler can give, its text with an ellipsis where a value stands.
 * `node docs/diagnostics-page.mjs` prints the page; `npm run docs` writes it; test/repo.test.ts holds the two together.
 */
import { fileURLToPath } from "node:url";
import { Node, Project, SyntaxKind } from "ts-morph";

const sections = [
  ["1", "The model file and its operators"],
  ["2", "Graph and numerics"],
  ["3", "Passes"],
  ["4", "Schedule and memory"],
  ["5", "Code generation"],
  ["6", "Verify"],
  ["7", "Command line and targets"],
  ["8", "Quantizing"],
  ["9", "Bugs in lwc"],
];

/** Codes that are printed as text and not thrown as data. */
const printed = [
  { code: "LWC9000", kind: "bug", message: "…", hint: "please report this; --debug prints where it happened" },
];

export function diagnosticsPage() {
  const rows = merged([...printed, ...collect()]);
  const tables = sections.flatMap(([digit, title]) => {
    const own = rows.filter(({ code }) => code[3] === digit);
    if (own.length === 0) return [];
    const lines = own.map(
      ({ code, kind, message, hint }) => `| ${code} | ${kind} | ${cell(message)} | ${cell(hint ?? "")} |`,
    );
    return [`## ${title}`, "", "| code | kind | message | what to do |", "|---|---|---|---|", ...lines, ""];
  });
  return [
    "# Diagnostics",
    "",
    "Generated from the sources by `npm run docs`. An ellipsis stands for a value: a name, a shape, a number.",
    "",
    "The kind says whose fault it is: `error` is the model or an option, `unsupported` a gap in lwc, `bug` a broken invariant inside",
    "lwc; a `warning` does not stop the compiler. Codes stay the same across releases. Diagnostics of the front end begin with the",
    "operator and the name of the node, `lwc inspect model.onnx --op Conv` lists the others of its kind. What to change in an export is",
    "in [quantizing.md](quantizing.md).",
    "",
    ...tables,
  ].join("\n");
}

/** Every object with a code, and every call of a helper that takes code, message and hint in this order. */
function collect() {
  const project = new Project({ skipAddingFilesFromTsConfig: true });
  const found = [];
  for (const file of project.addSourceFilesAtPaths(fileURLToPath(new URL("../compiler/**/*.ts", import.meta.url)))) {
    for (const literal of file.getDescendantsOfKind(SyntaxKind.StringLiteral)) {
      const code = literal.getLiteralText();
      if (!/^LWC\d{4}$/.test(code)) continue;
      const diagnostic = fromObject(literal) ?? fromCall(literal);
      if (!diagnostic) throw new Error(`${file.getBaseName()}: cannot tell what ${code} says`);
      found.push({ code, ...diagnostic });
    }
  }
  return found;
}

function fromObject(literal) {
  const property = literal.getFirstAncestorByKind(SyntaxKind.PropertyAssignment);
  if (property?.getName() !== "code") return undefined;
  const object = property.getParent();
  const text = (name) => {
    const member = object.getProperty(name);
    if (Node.isShorthandPropertyAssignment(member)) return render(member.getNameNode());
    return member && render(member.getInitializer());
  };
  return { kind: text("kind"), message: text("message"), hint: text("hint") };
}

function fromCall(literal) {
  const call = literal.getParent();
  if (!Node.isCallExpression(call)) return undefined;
  const kind = { unsupported: "unsupported", malformed: "error" }[call.getExpression().getText()];
  const args = call.getArguments();
  const at = args.indexOf(literal);
  return kind && { kind, message: render(args[at + 1]), hint: args[at + 2] && render(args[at + 2]) };
}

/** What an expression says, as far as it is written down. */
function render(expression) {
  if (Node.isStringLiteral(expression) || Node.isNoSubstitutionTemplateLiteral(expression)) {
    return expression.getLiteralText();
  }
  if (Node.isTemplateExpression(expression)) {
    const rest = expression.getTemplateSpans().map((span) => `…${span.getLiteral().getLiteralText()}`);
    return [expression.getHead().getLiteralText(), ...rest].join("");
  }
  if (Node.isAsExpression(expression)) return render(expression.getExpression());
  if (Node.isConditionalExpression(expression)) {
    return `${render(expression.getWhenTrue())} / ${render(expression.getWhenFalse())}`;
  }
  if (Node.isBinaryExpression(expression)) return `${render(expression.getLeft())}${render(expression.getRight())}`;
  if (Node.isIdentifier(expression)) {
    const declaration = expression.getDefinitionNodes().find(Node.isVariableDeclaration);
    return declaration?.getInitializer() ? render(declaration.getInitializer()) : "…";
  }
  return "…";
}

/** One row for each code and message, in order of the codes. A copy that only changes the code of another has no message. */
function merged(diagnostics) {
  const rows = new Map();
  for (const diagnostic of diagnostics) {
    if (diagnostic.message) rows.set(`${diagnostic.code} ${diagnostic.message}`, diagnostic);
  }
  return [...rows.keys()].sort().map((key) => rows.get(key));
}

/** Text for a cell of a table. */
function cell(text) {
  return text.replace(/\s+/g, " ").replace(/…+/g, "…").replace(/[|<]/g, "\\$&");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(diagnosticsPage());
