/**
 * Compiles `lib` to `dist`: three files of JavaScript (`bundle.ts`), beside the types of every source. A thin entry for `import` stands on top of the one for `require`, so that there is one copy of every class.
 */
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { runNode } from "../../lib/build/run-node";
import { hashOf } from "../../lib/native/source-hash";
import { bundle } from "./bundle";
import { isStamped, removeStamp, writeStamp } from "./stamp";

const SOURCES = ["lib"];
const CONFIGURATION = [
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build/dist.ts",
  "scripts/build/bundle.ts",
  "scripts/build/later.ts",
];

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
  writeEntries(out, await bundle(root, out));
}

function writeEntries(out: string, file: string): void {
  const load = createRequire(file);
  const { library } = load(file) as { readonly library: object };
  const names = Object.keys(library).sort();
  checkNames(library);
  const loaded = Object.keys(load.cache).filter((other) => other.startsWith(out) && other !== file);
  if (loaded.length > 0) throw new Error(`dist: importing the package loads ${loaded.join(", ")}, which is for later`);
  // Node finds the names for import { … } by reading the second statement, which does nothing.
  writeFileSync(
    path.join(out, "index.js"),
    `"use strict";\nmodule.exports = require("./torchwright.js").library;\n0 && (module.exports = { ${names.join(", ")} });\n`,
  );
  const entry =
    '// The CommonJS build is the only one: two copies of a class would not know each other.\nexport * from "./index.js";\n';
  writeFileSync(path.join(out, "index.mjs"), entry);
  writeFileSync(path.join(out, "index.d.mts"), entry);
  const program = path.join(out, "cli", "main.js");
  writeFileSync(program, '#!/usr/bin/env node\n"use strict";\nrequire("./program.js");\n');
  chmodSync(program, 0o755);
}

/** Where one file is made of many, a class may get another name, which error messages would show. */
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
