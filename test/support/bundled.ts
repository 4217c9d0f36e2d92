/**
 * A program of the tests with what it imports of `lib/`, as one file of plain JavaScript, for child processes that must
 * start fast.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const ROOT = join(__dirname, "../..");

/** `file` is what to run; `remove` deletes it. */
export function bundle(program: string): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "torchwright-bundled-"));
  // What is looked for beside it: the packages, and this one's own description.
  for (const name of ["node_modules", "package.json"]) symlinkSync(join(ROOT, name), join(folder, name));
  const file = join(folder, "program.js");
  buildSync({
    entryPoints: [join(ROOT, program)],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    logLevel: "error",
  });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
