/** Programs that a consumer writes: `require` and `import`, worker threads, bundlers; and what importing costs. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { expect, run } from "./run";

const IMPORT_LIMIT_MS = 60;
/** Fresh processes at most: on a busy machine few of them run undisturbed. */
const ROUNDS = 25;

export interface Consumer {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

const SUM = "Tensor.from([1, 2, 3]).sum().item()";

/** One class for both ways of loading, the tokenizers, and the same numbers in a worker. */
export const SMOKE = `
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { Tensor } from "torchwright";
const required = createRequire(import.meta.url)("torchwright");
if (required.Tensor !== Tensor) throw new Error("import and require give two Tensor classes");
// The package's own dependency, whose binary comes with it.
const { resolve } = createRequire(import.meta.url);
if (typeof createRequire(resolve("torchwright"))("tokenizers").Tokenizer !== "function") throw new Error("no tokenizers");
const inWorker = (code) => new Promise((resolve, reject) => {
  const worker = new Worker(code, { eval: true });
  worker.on("message", resolve).on("error", reject);
});
const answers = [
  ${SUM},
  await inWorker('const { Tensor } = require("torchwright"); require("node:worker_threads").parentPort.postMessage(${SUM});'),
  await inWorker('import("torchwright").then(({ Tensor }) => require("node:worker_threads").parentPort.postMessage(${SUM}));'),
];
if (answers.join() !== "6,6,6") throw new Error("1 + 2 + 3 is " + answers.join());
`;

export async function checkSmoke({ folder, env }: Consumer): Promise<void> {
  writeFileSync(path.join(folder, "smoke.mjs"), SMOKE);
  await run(process.execPath, ["smoke.mjs"], { cwd: folder, onlyEnv: env });
}

/**
 * Milliseconds that importing adds, before libtorch is opened: the least of several fresh processes, which is what it
 * costs where nothing else runs; processor time, since the clock also counts what others do. Both ways of loading are
 * held to the limit.
 */
export async function checkImportTime({ folder, env }: Consumer): Promise<void> {
  const measure = (load: string): string =>
    `const begin = process.cpuUsage(); const start = performance.now();
     Promise.resolve(${load}).then((api) => {
       const wall = performance.now() - start; const { user, system } = process.cpuUsage(begin);
       if (typeof api.Tensor !== "function") throw new Error("no Tensor");
       console.log(JSON.stringify({ wall, cpu: (user + system) / 1000 }));
     });`;
  for (const [name, load] of [
    ["require", 'require("torchwright")'],
    ["import", 'import("torchwright")'],
  ] as const) {
    const times: { wall: number; cpu: number }[] = [];
    const least = (kind: "wall" | "cpu"): number => Math.min(...times.map((time) => time[kind]));
    while (times.length < 5 || (least("cpu") > IMPORT_LIMIT_MS && times.length < ROUNDS)) {
      times.push(
        JSON.parse(await run(process.execPath, ["-e", measure(load)], { cwd: folder, onlyEnv: env })) as {
          wall: number;
          cpu: number;
        },
      );
    }
    console.log(
      `  ${name} costs ${least("cpu").toFixed(0)} ms of processor time, ${least("wall").toFixed(0)} ms by the clock (the least of ${times.length})`,
    );
    expect(least("cpu") <= IMPORT_LIMIT_MS, `${name} to cost at most ${IMPORT_LIMIT_MS} ms`);
  }
}

/** esbuild and webpack leave the package outside of the bundle, with the line that is documented for each. */
export async function checkBundlers({ folder, env }: Consumer, guide: string): Promise<void> {
  const lines = { esbuild: "--external:torchwright", webpack: 'externals: { torchwright: "commonjs torchwright" }' };
  const documented = readFileSync(guide, "utf8");
  for (const line of Object.values(lines)) expect(documented.includes(line), `${guide} to have the line ${line}`);
  const entry = path.join(folder, "app.mjs");
  writeFileSync(
    entry,
    `import { Tensor } from "torchwright";\nif (${SUM} !== 6) throw new Error("no sum");\nconsole.log("bundled");\n`,
  );
  const bundles = { esbuild: "esbuild.cjs", webpack: "webpack.cjs" };
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["torchwright"],
    outfile: path.join(folder, bundles.esbuild),
    logLevel: "warning",
  });
  writeFileSync(
    path.join(folder, "pack.cjs"),
    `require("webpack")({ mode: "none", target: "node", entry: "./app.mjs", context: __dirname, output: { path: __dirname, filename: "${bundles.webpack}" }, ${lines.webpack} },
      (error, stats) => { if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); } });\n`,
  );
  await run(process.execPath, ["pack.cjs"], { cwd: folder, onlyEnv: env });
  for (const bundle of Object.values(bundles)) {
    const said = await run(process.execPath, [bundle], { cwd: folder, onlyEnv: env });
    expect(said.trim() === "bundled", `${bundle} to run, got ${said}`);
    expect(readFileSync(path.join(folder, bundle), "utf8").length < 20_000, `${bundle} without the package in it`);
  }
}
