import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** Runs the script with nothing on the PATH but bash, a few tools of its own, and the given fakes. */
let bin = "";

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), "lwc-path-"));
  for (const tool of ["bash", "env", "cat", "mktemp", "rm"]) {
    const { stdout } = await execa("bash", ["-c", `command -v ${tool}`]);
    await symlink(stdout, join(bin, tool));
  }
});

afterEach(() => rm(bin, { recursive: true, force: true }));

async function fake(name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!${join(bin, "bash")}\n${script}\n`);
  await chmod(join(bin, name), 0o755);
}

async function run(): Promise<{ exitCode: number | undefined; text: string }> {
  const result = await execa(join(bin, "bash"), ["targets/install-toolchain.sh"], {
    env: { PATH: bin },
    extendEnv: false,
    reject: false,
    all: true,
  });
  return { exitCode: result.exitCode, text: result.all };
}

const everything = "gcc libc6-dev g++ make clang gcc-arm-none-eabi qemu-system-arm libnewlib-arm-none-eabi";

describe("install-toolchain.sh", () => {
  it("prints the one line to run where it may not install", async () => {
    await fake("id", "echo 1000");
    expect(await run()).toEqual({
      exitCode: 1,
      text: `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${everything}`,
    });
  });

  it("asks for what is missing only", async () => {
    await fake("id", "echo 1000");
    for (const tool of ["gcc", "g++", "make", "clang"]) await fake(tool, "");
    await fake("arm-none-eabi-gcc", "echo libc.a");
    expect((await run()).text).toMatch(/recommends qemu-system-arm libnewlib-arm-none-eabi$/);
  });

  it("says nothing when all is there", async () => {
    for (const tool of ["gcc", "g++", "make", "clang", "qemu-system-arm"]) await fake(tool, "");
    await fake("arm-none-eabi-gcc", `echo ${join(bin, "bash")}`);
    expect(await run()).toEqual({ exitCode: 0, text: "" });
  });

  it("fetches the package lists only when the first try fails", async () => {
    const log = join(bin, "log");
    await fake("id", "echo 0");
    await fake(
      "apt-get",
      `echo "$1" >>${log}\n[ "$1" = update ] || [ -f ${log}.again ] || { : >${log}.again; exit 100; }`,
    );
    expect(await run()).toEqual({ exitCode: 0, text: `installing: ${everything}` });
    expect(await readFile(log, "utf8")).toBe("install\nupdate\ninstall\n");
  });

  it("shows what apt-get said when it cannot install", async () => {
    await fake("id", "echo 0");
    await fake("apt-get", "echo no network; exit 100");
    expect(await run()).toEqual({ exitCode: 1, text: expect.stringContaining("no network") });
  });
});
