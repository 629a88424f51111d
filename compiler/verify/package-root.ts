/** Where the package's data files are (targets/, templates/, runtime-c/), run from source and from dist/ alike. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../diagnostics.js";

/** The directory of the package: the nearest one above this file that holds targets/target.schema.json. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "targets", "target.schema.json"))) {
    const parent = dirname(directory);
    if (parent === directory) {
      return fail({
        code: "LWC9601",
        kind: "bug",
        message: "the package is incomplete: no targets/ directory above the compiler",
        hint: "reinstall lwc",
      });
    }
    directory = parent;
  }
  return directory;
}
