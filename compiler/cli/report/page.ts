/** What all reports have in common as HTML pages: no scripts, nothing loaded from elsewhere, readable in light and dark. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { escapeHtml } from "./escape-html.js";

const style = `
:root { color-scheme: light dark; --line: #c9ced6; --soft: #f3f5f8; --tensor: #6ea0dc; --pool: #7fbf8e; --scratch: #e0a458; --peak: #f6e3e3; }
@media (prefers-color-scheme: dark) { :root { --line: #454b55; --soft: #22262c; --tensor: #3f6ea8; --pool: #2f6d42; --scratch: #9a6a24; --peak: #3a2427; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 88rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dt { font-weight: 600; }
.why { display: inline-block; line-height: 1.3; min-width: 22rem; opacity: 0.75; font-size: 0.9em; }
svg text { fill: currentColor; font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--line); }
svg .peak { fill: var(--peak); }
svg .tensor { fill: var(--tensor); fill-opacity: 0.75; stroke: var(--line); }
svg .pool { fill: var(--pool); stroke: var(--line); }
svg .row { stroke: var(--line); stroke-width: 0.5; }
svg .scratch { fill: var(--scratch); stroke: var(--line); }
`;

/** A whole page; `title` is escaped already, `body` is HTML. */
export function htmlPage(title: string, body: readonly string[]): string {
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Whatever slipped through the escaping could neither run nor load anything.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${title}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<h1>${title}</h1>`,
    ...body,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** Text from outside: printable, on one line, cut where it is endless, escaped. */
export function text(value: string): string {
  return escapeHtml(printable(value, 300));
}

/** Rows of a heading and a value; both are HTML. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  return `<table><tbody>${rows.map(([label, value]) => `<tr><th>${label}</th><td>${value}</td></tr>`).join("\n")}</tbody></table>`;
}

/** Heading and, for numbers, the class "n". */
export type Column = readonly [heading: string, className?: "n"];

/** A table of HTML cells. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const classOf = (column: Column | undefined): string => (column?.[1] === undefined ? "" : ` class="${column[1]}"`);
  const head = columns.map((column) => `<th${classOf(column)}>${column[0]}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${classOf(columns[i])}>${cell}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}
