/**
 * `torchwright build` from the packed sources: what it says without tools, what it builds with them, that the built
 * addons are taken.
 *
 * All of it for real but for one thing: to compile forty files takes minutes, and the checkout has just compiled the
 * same ones. They are compared byte for byte, CMakeLists.txt included, and the checkout's objects are then taken in
 * place of a compiler cache's. `--compile` compiles them.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Report } from "../../../lib/cli/doctor/finding";
import { hashOf } from "../../../lib/native/source-hash";
import type { FirstMinute } from "./first-minute";
import { expect, run, runToEnd } from "./run";

/**
 * CMakeLists.txt puts a program of this name in front of the compiler. The loader is small, and compiled in any case.
 */
const OBJECT_CACHE = `#!/bin/sh
previous= object=
for word in "$@"; do
  if [ "$previous" = -o ]; then object="$word"; fi
  previous="$word"
done
case "$object" in
  */torchwright.dir/*) if [ -f "$TORCHWRIGHT_OBJECTS/$object" ]; then echo reused >>"$TORCHWRIGHT_OBJECTS_LOG"; exec cp "$TORCHWRIGHT_OBJECTS/$object" "$object"; fi ;;
esac
echo compiled >>"$TORCHWRIGHT_OBJECTS_LOG"
exec "$@"
`;

export async function checkBuild(
  root: string,
  work: string,
  { folder, cache, env }: FirstMinute,
  compile: boolean,
): Promise<void> {
  const installed = path.join(folder, "node_modules", "torchwright");
  const before = hashOf(installed, ["."], []);
  expect(
    hashOf(installed, ["binding"], []) === hashOf(root, ["binding"], []),
    "the packed sources to be the checkout's",
  );

  const without = await runToEnd("npx", ["--no-install", "torchwright", "build"], { cwd: folder, onlyEnv: env });
  const named = ["C++20 compiler", "cmake", "make or ninja", "Remedy: ", "ERR_PREREQUISITE"].filter(
    (word) => !without.stderr.includes(word),
  );
  expect(
    without.code === 1 && named.length === 0,
    `torchwright build to name what is missing (${named.join(", ")}), got ${without.stderr}`,
  );

  const log = path.join(work, "objects.log");
  const launcher = path.join(work, "launcher");
  mkdirSync(launcher);
  writeFileSync(log, "");
  writeFileSync(path.join(launcher, "ccache"), OBJECT_CACHE);
  chmodSync(path.join(launcher, "ccache"), 0o755);
  const { PATH = "" } = process.env;
  const tools = {
    ...env,
    PATH: compile ? PATH : `${launcher}${path.delimiter}${PATH}`,
    TORCHWRIGHT_OBJECTS: path.join(root, "build"),
    TORCHWRIGHT_OBJECTS_LOG: log,
  };
  const build = () =>
    run("npx", ["--no-install", "torchwright", "build"], { cwd: folder, onlyEnv: tools, timeoutMs: 3_600_000 });
  expect((await build()).startsWith("built, "), "torchwright build to build");
  const lines = readFileSync(log, "utf8").split("\n");
  const sources = readdirSync(path.join(root, "binding", "src")).filter((name) => name.endsWith(".cc")).length;
  if (!compile) {
    expect(
      lines.filter((line) => line !== "").length === sources + 1,
      `${sources} sources to be built, one of them twice, got ${lines.length - 1}`,
    );
  }
  expect((await build()).startsWith("there already, "), "a second torchwright build to build nothing");

  // The process's own list of libraries says which addons were opened.
  const program = `
    const { Tensor } = require("torchwright");
    if (Tensor.from([1, 2, 3]).sum().item() !== 6) throw new Error("no sum");
    console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((name) => name.endsWith("torchwright.node"))));`;
  const opened = JSON.parse(await run("node", ["-e", program], { cwd: folder, onlyEnv: env })) as string[];
  expect(
    opened.length === 1 && opened[0]?.startsWith(path.join(cache, "addons")) === true,
    `the built addon to be opened, got ${opened.join(", ")}`,
  );
  const { trains, findings } = JSON.parse(
    await run("npx", ["--no-install", "torchwright", "doctor", "--json"], { cwd: folder, onlyEnv: env }),
  ) as Report;
  const found = findings.find(({ name }) => name === "addon")?.text;
  expect(
    trains && found?.includes(path.join(cache, "addons")) === true,
    `the doctor to name the built addon, got ${found}`,
  );
  expect(hashOf(installed, ["."], []) === before, "nothing written into the package's folder");
  const count = (kind: string): number => lines.filter((line) => line === kind).length;
  console.log(
    compile
      ? "  all sources compiled"
      : `  ${count("compiled")} files compiled, ${count("reused")} taken from the checkout's build of the same sources`,
  );
}
