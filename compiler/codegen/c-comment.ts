/**
 * Text from a model file, a command line or a reason, made safe for a C block comment: it cannot end the comment, nest one,
 * start a trigraph, continue a line, break a line or reverse the reading direction.
 */

const maxLength = 120;

/** Printable ASCII on one line; anything else as <U+XXXX>; at most `limit` characters, or "..." where it was cut. */
export function commentText(text: string, limit: number = maxLength): string {
  // Cut first: a name of many kilobytes costs nothing, and an escape is never cut in half.
  const characters = Array.from(text.slice(0, 2 * limit + 2));
  const printable = characters.slice(0, limit).map(printableCharacter).join("");
  const cut = characters.length > limit ? `${printable}...` : printable;
  return cut
    .replaceAll("*/", "* /")
    .replaceAll("/*", "/ *")
    .replaceAll(/\?(?=\?)/g, "? ");
}

function printableCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const isPrintable = code >= 0x20 && code < 0x7f && character !== "\\";
  return isPrintable ? character : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Breaks text at spaces into lines of at most `width` characters; a longer word stays whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
