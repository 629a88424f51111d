/** Words of `.lwir` text, with their place for messages. */
import { fail } from "../diagnostics.js";

export interface Token {
  readonly text: string;
  readonly kind: "id" | "name" | "number" | "string" | "mark" | "end";
  readonly line: number;
  readonly column: number;
}

const pattern =
  /(?<space>[ \t]+|\/\/[^\n]*)|(?<newline>\n)|(?<id>%[A-Za-z_][A-Za-z0-9_.]*)|(?<number>-?(?:\d+\.?\d*(?:e[+-]?\d+)?|Infinity)\b)|(?<name>[A-Za-z_][A-Za-z0-9_.]*)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<mark>[[\]{}(),:=@])/y;

export class Tokens {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  peek(): Token {
    return this.tokens[this.at] ?? { text: "", kind: "end", line: 0, column: 0 };
  }

  next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  /** Takes the next token if it reads `text`. */
  take(text: string): boolean {
    if (this.peek().text !== text || this.peek().kind === "string") return false;
    this.at++;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`expected "${text}"`);
  }

  kind(kind: Token["kind"]): string {
    return this.peek().kind === kind ? this.next().text : this.fail(`expected ${kind === "id" ? "%name" : kind}`);
  }

  number(): number {
    return Number(this.kind("number"));
  }

  string(): string {
    const parsed: unknown = JSON.parse(this.kind("string"));
    return String(parsed);
  }

  /** Numbers in brackets. */
  numbers(): number[] {
    return this.list(() => this.number());
  }

  list<T>(item: () => T): T[] {
    this.expect("[");
    const items: T[] = [];
    while (!this.take("]")) {
      items.push(item());
      if (!this.take(",") && this.peek().text !== "]") this.fail('expected "," or "]"');
    }
    return items;
  }

  fail(message: string): never {
    const { line, column, text, kind } = this.peek();
    return fail({
      code: "LWC2020",
      kind: "error",
      message: `.lwir line ${line}, column ${column}: ${message}, found ${kind === "end" ? "the end" : `"${text}"`}`,
    });
  }
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const column = start - lineStart + 1;
    const match = pattern.exec(text);
    if (!match?.groups) {
      return fail({
        code: "LWC2021",
        kind: "error",
        message: `.lwir line ${line}, column ${column}: cannot read "${text.slice(start, start + 12)}"`,
      });
    }
    const found = match[0];
    if (match.groups["newline"]) {
      line++;
      lineStart = start + 1;
    } else if (!match.groups["space"]) {
      const kind = match.groups["id"]
        ? "id"
        : match.groups["number"]
          ? "number"
          : match.groups["name"]
            ? "name"
            : match.groups["string"]
              ? "string"
              : "mark";
      tokens.push({ text: found, kind, line, column });
    }
  }
  tokens.push({ text: "", kind: "end", line, column: text.length - lineStart + 1 });
  return tokens;
}
