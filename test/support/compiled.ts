/** The sources as plain JavaScript in a folder of their own, for child processes and workers that must start fast. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";

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
  const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" }).map((name) =>
    join("lib", name),
  );
  for (const source of [...sources.filter((name) => name.endsWith(".ts")), ...programs]) {
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, source), "utf8"), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
    });
    const target = join(folder, source.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return {
    file: (name) => join(folder, name.replace(/\.ts$/, ".js")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
