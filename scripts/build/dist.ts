/**
 * Compiles `lib` to `dist`: one file of JavaScript that the library and the command line share, beside the types of each source.
 *
 * One file, because importing the package is to cost little: to find and read four hundred took four times as long. A
 * thin entry for `import` stands on top of the one for `require`, so that there is one copy of every class.
 */
import { build } from "esbuild";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { runNode } from "../../lib/build/run-node";
import { hashOf } from "../../lib/native/source-hash";
import { isStamped, removeStamp, writeStamp } from "./stamp";

const SOURCES = ["lib"];
const CONFIGURATION = ["tsconfig.json", "tsconfig.build.json", "scripts/build/dist.ts"];

/** What is loaded only when it is asked for is loaded by a call. */
const ENTRY = `
export * as library from "./lib/index";
export function runCommandLine() { require("./lib/cli/main"); }
`;

/** Compiles what is not there yet for these sources; says whether it did. */
export async function buildDist(root: string, force: boolean): Promise<boolean> {
  const dist = path.join(root, "dist");
  const stamp = path.join(root, "build", "dist.stamp");
  const hash = hashOf(root, [...SOURCES, ...CONFIGURATION], []);
  if (!force && existsSync(path.join(dist, "index.mjs")) && isStamped(stamp, hash)) return false;

  removeStamp(stamp);
  // Made beside the old one, which others may be using.
  const made = path.join(root, "build", `dist-${process.pid}`);
  try {
    await compile(root, made);
    rmSync(dist, { recursive: true, force: true });
    renameSync(made, dist);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  writeStamp(stamp, hash);
  return true;
}

async function compile(root: string, out: string): Promise<void> {
  await runNode(root, "typescript/bin/tsc", ["-p", "tsconfig.build.json", "--outDir", out]);
  const bundle = path.join(out, "torchwright.js");
  await build({
    stdin: { contents: ENTRY, resolveDir: root, sourcefile: "entry.js" },
    outfile: bundle,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    packages: "external",
    // Stack traces and error messages show names: nothing is made shorter.
    minify: false,
    legalComments: "none",
    logLevel: "warning",
  });
  writeFileSync(bundle, withClassNames(readFileSync(bundle, "utf8"), root));
  writeEntries(out, bundle);
}

function writeEntries(out: string, bundle: string): void {
  const { library } = createRequire(bundle)(bundle) as { readonly library: object };
  const names = Object.keys(library).sort();
  checkNames(library);
  // Node finds the names for import { … } by reading the second statement, which does nothing.
  writeFileSync(
    path.join(out, "index.js"),
    `"use strict";\nmodule.exports = require("./torchwright.js").library;\n0 && (module.exports = { ${names.join(", ")} });\n`,
  );
  const entry = '// The CommonJS build is the only one: two copies of a class would not know each other.\nexport * from "./index.js";\n';
  writeFileSync(path.join(out, "index.mjs"), entry);
  writeFileSync(path.join(out, "index.d.mts"), entry);
  const program = path.join(out, "cli", "main.js");
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(program, '#!/usr/bin/env node\n"use strict";\nrequire("../torchwright.js").runCommandLine();\n');
  chmodSync(program, 0o755);
}

/**
 * esbuild makes `class X` that speaks of itself into `var X = class _X`; error messages would show the second name. Nothing else in
 * the file has that name, since esbuild chose it so: it may be taken back.
 */
function withClassNames(code: string, root: string): string {
  const renamed = [...code.matchAll(/^\s*(?:var )?(\w+) = class _\1\b/gm)].map(([, name]) => name as string);
  for (const file of readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(path.join(root, "lib", file), "utf8");
    const used = renamed.find((name) => new RegExp(`\\b_${name}\\b`).test(source));
    if (used !== undefined) throw new Error(`dist: lib/${file} has the name _${used}, which the compiled file needs for itself`);
  }
  return renamed.reduce((text, name) => text.replace(new RegExp(`\\b_${name}\\b`, "g"), name), code);
}

/** In one file of many, a class may get another name, which error messages would show. */
function checkNames(library: object): void {
  for (const [name, value] of Object.entries(library) as [string, unknown][]) {
    if (typeof value !== "function" || !/^class\b/.test(String(value))) continue; // a function may stand under two names
    if (value.name !== name) throw new Error(`dist: ${name} is called ${value.name} in the compiled file`);
  }
}

if (require.main === module) {
  buildDist(path.join(__dirname, "..", ".."), process.argv.includes("--force")).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
