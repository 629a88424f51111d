/** Progress on a terminal, to stderr; silent elsewhere, so that logs and pipes stay clean. */
import { Listr } from "listr2";

/** Runs `work` under a title; the line below it shows what happens now. */
export async function withProgress<T>(
  title: string,
  quiet: boolean,
  work: (report: (message: string) => void) => Promise<T>,
): Promise<T> {
  if (quiet || !process.stderr.isTTY) return work(() => undefined);
  let result: { readonly value: T } | undefined;
  const tasks = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          result = {
            value: await work((message) => {
              task.output = message;
            }),
          };
        },
      },
    ],
    { renderer: "default", fallbackRenderer: "silent" },
  );
  await tasks.run();
  if (!result) throw new Error("no result");
  return result.value;
}
