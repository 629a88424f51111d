/** Literals, names and comments: what stands between a model file and the C compiler. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commentText, wrapText } from "../../compiler/codegen/c-comment.js";
import {
  arrayText,
  callText,
  decimalFloatLiteral,
  hexFloatLiteral,
  intLiteral,
  structLines,
} from "../../compiler/codegen/c-literal.js";
import { isFreeName, makeNameScope, sanitize } from "../../compiler/codegen/c-names.js";

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

/** Value of a hexadecimal float literal, by the definition in C11 6.4.4.2. */
function parseHexFloat(text: string): number {
  const [, sign, whole, fraction = "", exponent] = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)f$/.exec(text)!;
  const significand = Number.parseInt(`${whole}${fraction}`, 16) / 16 ** fraction.length;
  return (sign === "-" ? -1 : 1) * significand * 2 ** Number(exponent);
}

describe("literals", () => {
  it("print every float32 so that it comes back", () => {
    fc.assert(
      fc.property(float32, (value) => {
        expect(Object.is(parseHexFloat(hexFloatLiteral(value)), value)).toBe(true);
        expect(Math.fround(Number(decimalFloatLiteral(value).replace("f", ""))) === value).toBe(true);
      }),
    );
  });

  it("print floats that C reads as floats", () => {
    expect(hexFloatLiteral(1)).toBe("0x1p+0f");
    expect(hexFloatLiteral(Math.fround(-0.1))).toBe("-0x1.99999ap-4f");
    expect(hexFloatLiteral(2 ** -149)).toBe("0x0.000002p-126f");
    expect(hexFloatLiteral(-0)).toBe("-0x0p+0f");
    expect(decimalFloatLiteral(1)).toBe("1.0f");
    expect(decimalFloatLiteral(Math.fround(1e-10))).toMatch(/^\d\.\d+e-\d+f$/);
    expect(decimalFloatLiteral(2 ** 40)).toMatch(/^\d\.\d+e\+\d+f$/);
    expect(() => hexFloatLiteral(Number.POSITIVE_INFINITY)).toThrow();
    expect(() => decimalFloatLiteral(0.1)).toThrow();
  });

  it("print integers of 32 bits", () => {
    expect([-(2 ** 31), -1, 0, 2 ** 31 - 1, 2 ** 31].map(intLiteral)).toEqual([
      "(-2147483647 - 1)",
      "-1",
      "0",
      "2147483647",
      "2147483648u",
    ]);
    expect(() => intLiteral(2 ** 32)).toThrow();
    expect(() => intLiteral(0.5)).toThrow();
  });

  it("print arrays in columns of at most 100", () => {
    const arrays = [
      new Int8Array(100).fill(-128),
      new Int16Array(50).fill(-32768),
      new Int32Array(20).fill(-2147483648),
      new Float32Array(20).fill(-1.1754945e-38),
    ];
    for (const array of arrays) {
      const lines = arrayText(array).split("\n");
      expect(lines.join("").split(",")).toHaveLength(array.length + 1);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
        array instanceof Int32Array ? 120 : 100,
      );
    }
    expect(arrayText(Int8Array.of(-128, 0, 127))).toBe("    -128,    0,  127,");
  });

  it("print structs by field, requantization forms by name", () => {
    expect(structLines({ in_w: 3, dims: [1, 2], requant: { form: 1, shift: 4 }, form: 1 }, "  ")).toEqual([
      "  .in_w = 3,",
      "  .dims = {1, 2},",
      "  .requant = {.form = LWC_REQUANT_WINDOW, .shift = 4},",
      "  .form = 1,",
    ]);
  });

  it("break calls where they do not fit", () => {
    expect(callText("  ", "f", ["a", "b"], ";")).toBe("  f(a, b);");
    const long = Array.from({ length: 9 }, (_, i) => `argument_number_${i}`);
    const lines = callText("    ", "function", long, ";").split("\n");
    expect(lines[0]).toBe("    function(");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.slice(1).join(" ").replaceAll(/\s+/g, " ").trim()).toBe(`${long.join(", ")});`);
  });
});

describe("names", () => {
  it("are identifiers whatever they were made of, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 60 })), (texts) => {
        const scope = makeNameScope();
        const names = texts.map((text) => scope(`p_${sanitize(text)}`));
        for (const name of names) expect(name).toMatch(/^p_[a-z0-9_]{1,50}$/);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it("stay readable", () => {
    expect(sanitize("features.3/conv:0")).toBe("features_3_conv_0");
    expect(sanitize("__Relu6__")).toBe("relu6");
    expect(sanitize("输入")).toBe("x");
    expect(sanitize("a".repeat(10_000))).toHaveLength(40);
    expect(["int", "class", "ctx", "int8_t", "lwc_x", "3d", "memset"].filter(isFreeName)).toEqual([]);
    expect(["input", "x", "logits_2"].every(isFreeName)).toBe(true);
  });

  it("count up past a name that looks like a count", () => {
    const scope = makeNameScope(["a"]);
    expect(["a", "a_2", "a", "a"].map(scope)).toEqual(["a_2", "a_2_2", "a_3", "a_4"]);
  });
});

describe("comments", () => {
  it("hold nothing that C or a reader could take for something else", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom("*", "/", "?", "\\", "\n", "\r", '"', "\u202e") }),
        ),
        (text) => {
          const safe = commentText(text);
          expect(safe).toMatch(/^[\x20-\x5b\x5d-\x7e]*$/);
          expect(safe).not.toMatch(/\*\/|\/\*|\?\?/);
          expect(safe.length).toBeLessThan(120 * 11);
        },
      ),
    );
  });

  it("keep what is harmless", () => {
    expect(commentText('conv "1" = a/b*c?')).toBe('conv "1" = a/b*c?');
    expect(commentText("a*/b\n\\")).toBe("a* /b<U+000A><U+005C>");
    expect(commentText("*/*/???/")).toBe("* / * /? ? ?/");
    expect(commentText("x".repeat(10_000))).toBe(`${"x".repeat(120)}...`);
  });

  it("wrap at spaces", () => {
    expect(wrapText("a bb ccc dddddddd e", 6)).toEqual(["a bb", "ccc", "dddddddd", "e"]);
    expect(wrapText("", 6)).toEqual([""]);
  });
});
