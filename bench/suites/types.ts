/**
 * What the generated operators cost those who import the package: the compiler's time, and the table at start-up.
 *
 * There is nothing like them in Python, so the peer's place holds the limit that they must stay under.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { cost, median } from "../report";
import type { Suite } from "./suite";

const ROOT = join(__dirname, "..", "..");
const FOLDER = join(ROOT, "build", "bench", "types");

/** What importing the package may add to `tsc` (ms). */
const COMPILER_LIMIT = 4000;
/** What the table of operators may add to start-up (ms). */
const TABLE_LIMIT = 30;

const PROGRAMS = {
  without: "export const sum: number = [1, 2].reduce((a, b) => a + b);\n",
  with:
    'import { ops, Tensor } from "torchwright";\n' +
    "const x = Tensor.from([[1, 2], [3, 4]]);\nexport const sum = ops.softmax(x.matmul(x), -1).sum({ dim: [0] });\n",
} as const;

/**
 * Both programs print the milliseconds of processor time that they used: other processes do not slow it down, as they
 * do the clock.
 */
const COMPILE = `
const [compiler, ...args] = process.argv.slice(1);
process.argv = [process.execPath, compiler, ...args];
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  require("node:fs").writeSync(1, String((user + system) / 1000));
});
require(compiler);`;

/** The loading of the table and the methods alone, once all that they import is there. */
const TABLE = `
const lib = process.argv[1];
require(lib + "/tensor/tensor.js");
require(lib + "/tensor/operators.js");
const begin = process.cpuUsage();
require(lib + "/tensor/ops.js");
const { user, system } = process.cpuUsage(begin);
console.log((user + system) / 1000);`;

function run(program: string, args: readonly string[]): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", program, ...args], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`bench: ${args.join(" ")} ended with code ${status}: ${stdout}${stderr}`);
  return Number(stdout);
}

/** A project beside which the package is installed, with one configuration for each program. */
function makeProject(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "node_modules"), { recursive: true });
  symlinkSync(ROOT, join(FOLDER, "node_modules", "torchwright"), "junction");
  writeFileSync(join(FOLDER, "package.json"), '{ "private": true, "type": "commonjs" }\n');
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules", "@types")],
  };
  // The sources one by one: in dist they are one file, and the table's share could not be told.
  const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  buildSync({
    entryPoints: sources.map((name) => join(ROOT, "lib", name)),
    outdir: join(FOLDER, "lib"),
    platform: "node",
    format: "cjs",
    target: "node20",
  });
  for (const [name, program] of Object.entries(PROGRAMS)) {
    writeFileSync(join(FOLDER, `${name}.ts`), program);
    writeFileSync(join(FOLDER, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  }
}

export const typesSuite: Suite = async ({ quick }) => {
  makeProject();
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const times: Record<keyof typeof PROGRAMS, number[]> = { without: [], with: [] };
  const table: number[] = [];
  // The first round brings the files into the page cache and does not count.
  for (let round = 0; round <= (quick ? 1 : 7); round++) {
    for (const name of ["without", "with"] as const) {
      const milliseconds = run(COMPILE, [compiler, "-p", `tsconfig.${name}.json`]);
      if (round > 0) times[name].push(milliseconds);
    }
    const milliseconds = run(TABLE, [join(FOLDER, "lib")]);
    if (round > 0) table.push(milliseconds);
    process.stderr.write(`types: round ${round}\n`);
  }
  process.stderr.write(
    `types: tsc took ${median(times.without).toFixed(0)} ms of CPU without the package, ${median(times.with).toFixed(0)} ms with it\n`,
  );
  return {
    versions: {},
    items: [
      cost("tsc, what importing the package adds (peer: the limit)", "ms CPU", {
        ours: [median(times.with) - median(times.without)],
        peer: [COMPILER_LIMIT],
      }),
      cost("start-up, what the table of operators adds (peer: the limit)", "ms CPU", {
        ours: table,
        peer: [TABLE_LIMIT],
      }),
    ],
  };
};
