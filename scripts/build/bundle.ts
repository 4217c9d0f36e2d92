/**
 * Makes two files of JavaScript from `lib`: the library, and the command line, which takes from the library's file what
 * is in there already, so that there is one copy of every class in a process.
 *
 * One file, because importing the package is to cost little: to find and read four hundred took four times as long. The
 * command line apart, because it loads its commands when they are asked for, which one file would have to do for
 * everything in it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { BuildOptions, Plugin } from "esbuild";

const LIBRARY = "torchwright.js";

const OPTIONS = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  packages: "external",
  // Stack traces and error messages show names: nothing is made shorter.
  minify: false,
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;

/**
 * Writes `torchwright.js`, whose `library` is what `lib/index.ts` exports, and `cli/program.js`; returns the first
 * one's path.
 */
export async function bundle(root: string, out: string): Promise<string> {
  const lib = path.join(root, "lib");
  const library = path.join(out, LIBRARY);
  const program = path.join(out, "cli", "program.js");
  const options = { ...OPTIONS, absWorkingDir: root };
  const { metafile } = await build({ ...options, entryPoints: ["lib/index.ts"], outfile: library, metafile: true });
  const sources = new Set(Object.keys(metafile.inputs).map((file) => path.resolve(root, file)));
  const shared = new Set<string>();
  await build({
    ...options,
    entryPoints: ["lib/cli/main.ts"],
    outfile: program,
    plugins: [takenFromLibrary(lib, sources, shared)],
  });

  // Once more, now that it is known what the command line takes.
  const exports = [...shared]
    .sort()
    .map((file) => `export * as ${exportName(lib, file)} from ${JSON.stringify(file)};`);
  const contents = ['export * as library from "./lib/index";', ...exports].join("\n");
  await build({ ...options, stdin: { contents, resolveDir: root, sourcefile: "entry.js" }, outfile: library });
  for (const file of [library, program]) writeFileSync(file, withClassNames(readFileSync(file, "utf8"), lib));
  return library;
}

/** `lib/train/prepare-fit.ts` under a name that an export may have. */
function exportName(lib: string, file: string): string {
  return `source_${path.relative(lib, file).replace(/\.ts$/, "").replace(/\W/g, "_")}`;
}

/** Sources that the library's file has are required from there. */
function takenFromLibrary(lib: string, sources: ReadonlySet<string>, taken: Set<string>): Plugin {
  const namespace = "library";
  return {
    name: "taken-from-library",
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\.?\// }, ({ path: specifier, resolveDir, namespace: from }) => {
        if (from === namespace) return { path: specifier, external: true };
        const file = `${path.resolve(resolveDir, specifier)}.ts`;
        return sources.has(file) ? { path: file, namespace } : undefined;
      });
      bundler.onLoad({ filter: /.*/, namespace }, ({ path: file }) => {
        taken.add(file);
        return { contents: `module.exports = require("../${LIBRARY}").${exportName(lib, file)};` };
      });
    },
  };
}

/**
 * esbuild makes `class X` that speaks of itself into `var X = class _X`; error messages would show the second name.
 * Nothing else in the file has that name, since esbuild chose it so: it may be taken back.
 */
function withClassNames(code: string, lib: string): string {
  const renamed = [...code.matchAll(/^\s*(?:var )?(\w+) = class _\1\b/gm)].map(([, name]) => name as string);
  for (const file of readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(path.join(lib, file), "utf8");
    const used = renamed.find((name) => new RegExp(`\\b_${name}\\b`).test(source));
    if (used !== undefined) {
      throw new Error(`dist: lib/${file} has the name _${used}, which the compiled file needs for itself`);
    }
  }
  return renamed.reduce((text, name) => text.replace(new RegExp(`\\b_${name}\\b`, "g"), name), code);
}
