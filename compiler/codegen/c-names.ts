/**
 * C identifiers from names in a model file. A sanitised name holds [a-z0-9_] only; a scope hands out each name once and
 * keeps clear of keywords and of the names that generated code uses itself.
 */

/** Longer names are cut: C11 promises 63 significant characters inside a file, and a name carries a prefix. */
const maxLength = 40;

/** Lower-case identifier characters, no underscore at either end; "x" where nothing is left. May start with a digit. */
export function sanitize(text: string): string {
  const words = text
    .slice(0, 16 * maxLength)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+/g, "");
  return words.slice(0, maxLength).replaceAll(/_+$/g, "") || "x";
}

/** Hands out identifiers, each once: the wanted one, or the wanted one with a number behind it. */
export type NameScope = (wanted: string) => string;

export function makeNameScope(taken: Iterable<string> = []): NameScope {
  const used = new Set(taken);
  const nextNumber = new Map<string, number>();
  return (wanted) => {
    let name = wanted;
    let number = nextNumber.get(wanted) ?? 2;
    for (; used.has(name); number++) name = `${wanted}_${number}`;
    nextNumber.set(wanted, number);
    used.add(name);
    return name;
  };
}

/** Keywords of C and C++ and lower-case names that the headers of generated code or a hosted compiler may define. */
const reserved: ReadonlySet<string> = new Set(
  (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval constexpr constinit " +
    "continue co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern false final float for " +
    "fortran friend goto if import inline int long module mutable namespace new noexcept not not_eq nullptr operator or or_eq override private " +
    "protected public register reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch " +
    "template this thread_local throw true try typedef typeid typename typeof typeof_unqual union unix unsigned using virtual void volatile " +
    "wchar_t while xor xor_eq errno assert linux i386 arm near far interrupt main offsetof memset memcpy arena ctx run sink user made fed rows row k out_y"
  ).split(" "),
);

/** True for a name that can stand alone in C and C++, as a parameter of a public function does. */
export function isFreeName(name: string): boolean {
  // y3 counts the rows of a step, end3 says where its next block ends.
  return /^[a-z]/.test(name) && !reserved.has(name) && !/^(lwc(_|$)|(y|end)\d+$)/.test(name) && !name.endsWith("_t");
}
