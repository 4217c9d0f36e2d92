/**
 * `npm run generate [-- --check | --descriptions]`: TypeScript signatures of ATen's operators with the table of those
 * that are methods, and the list of overloads that are left out. Types and a table are generated; behaviour is one
 * function.
 *
 * The signatures come from the addon's own dump of libtorch's registry, joined with libtorch's `native_functions.yaml`,
 * which alone knows what PyTorch offers as a method. `--check` fails where a file is stale; `--descriptions` first
 * takes the operators' descriptions anew from the pinned Python's torch.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { libtorchInfo, native } from "../lib/native/load";
import { exclusion, renderExclusions } from "./generate/exclusions";
import { nativeFunctions, parseMethods, release } from "./generate/native-functions";
import { renderOperators } from "./generate/operators";
import type { Schema } from "./generate/schema";
import { parseSchema } from "./generate/schema";
import { referencePython } from "./python-env";

const ROOT = path.join(__dirname, "..");

/** Every generated file's text by its path. */
async function generate(): Promise<ReadonlyMap<string, string>> {
  const addon = native();
  const methods = parseMethods(await nativeFunctions(libtorchInfo()));
  const libtorch = release(libtorchInfo().version);
  const included: Schema[] = [];
  const excluded = new Map<string, string[]>();
  for (const schema of addon.schemas().map(parseSchema)) {
    const reason = exclusion(schema, addon);
    if (reason === undefined) included.push(schema);
    else excluded.set(reason, [...(excluded.get(reason) ?? []), schema.qualified]);
  }
  return new Map([
    [path.join(ROOT, "lib", "tensor", "operators.generated.ts"), renderOperators(included, methods, libtorch)],
    [path.join(ROOT, "scripts", "generate", "excluded-operators.txt"), renderExclusions(excluded, libtorch)],
  ]);
}

function check(files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) {
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    console.error(`${path.relative(ROOT, file)} is stale: run \`npm run generate\``);
    process.exitCode = 1;
  }
}

async function describeAnew(): Promise<void> {
  const { status } = spawnSync(await referencePython(), [path.join(__dirname, "generate", "descriptions.py")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("generate: descriptions.py failed");
}

async function main(): Promise<void> {
  if (process.argv.includes("--descriptions")) await describeAnew();
  const files = await generate();
  if (process.argv.includes("--check")) {
    check(files);
    return;
  }
  for (const [file, text] of files) {
    writeFileSync(file, text);
    console.log(`wrote ${path.relative(ROOT, file)}`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
