/** The sources as plain JavaScript in a folder of their own, for child processes and workers that must start fast. */
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const ROOT = join(__dirname, "../..");

/** Where the compiled files are; `remove` deletes them. */
export interface Compiled {
  /** The compiled counterpart of a file given by its path in the repository. */
  file(name: string): string;
  remove(): void;
}

/** Transpiles `lib/` and `programs`, paths from the repository's root, without checking types. */
export function compile(programs: readonly string[]): Compiled {
  const folder = mkdtempSync(join(tmpdir(), "torchwright-compiled-"));
  // What lib/ looks for beside itself: the addons and the packages.
  for (const name of ["node_modules", "build", "package.json"]) symlinkSync(join(ROOT, name), join(folder, name));
  const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" });
  const inLib = sources.filter((name) => name.endsWith(".ts")).map((name) => join("lib", name));
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [...inLib, ...programs],
    outdir: folder,
    outbase: ROOT,
    platform: "node",
    format: "cjs",
    target: "es2022",
    logLevel: "error",
  });
  return {
    file: (name) => join(folder, name.replace(/\.ts$/, ".js")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
