/** Makes what a user would run: `dist`, and our side of the benchmarks as plain JavaScript on top of it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "..");
const OUT = join(ROOT, "build", "bench");

/** Newest change below a folder, in milliseconds; 0 where there is none. */
function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(
    0,
    ...files.filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Brings `dist` and `build/bench/bench/ours` up to date; returns the folder with our side's scripts. */
export function compileOurs(): string {
  const dist = join(ROOT, "dist", "index.js");
  if (changed(dist) < newest(join(ROOT, "lib"))) {
    process.stderr.write("compiling lib to dist\n");
    execFileSync(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", join(ROOT, "scripts", "build", "dist.ts"), "--force"],
      {
        cwd: ROOT,
        stdio: ["ignore", 2, 2],
      },
    );
  }
  // The scripts import ../../lib/index, which there stands for dist.
  mkdirSync(join(OUT, "lib"), { recursive: true });
  writeFileSync(join(OUT, "lib", "index.js"), `module.exports = require(${JSON.stringify(dist)});\n`);
  const target = join(OUT, "bench", "ours");
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(__dirname, "ours"))) {
    const source = readFileSync(join(__dirname, "ours", name), "utf8");
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, verbatimModuleSyntax: false },
    });
    writeFileSync(join(target, name.replace(/\.ts$/, ".js")), outputText);
  }
  return target;
}
