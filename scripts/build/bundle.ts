/**
 * Makes three files of JavaScript from `lib`: what importing the package needs, what is loaded when it is first used
 * (`later.ts`), and the command line. Each takes from the others what is in there already, so that there is one copy of
 * every class in a process.
 *
 * So few, because importing the package is to cost little: to find and read four hundred took four times as long. More
 * than one, because half of what one file costs is V8 reading all of it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { LATER } from "./later";

const LIBRARY = "torchwright.js";
const REST = "later.js";
const PROGRAM = "cli/program.js";

const INDEX = "lib/index.ts";
const MAIN = "lib/cli/main.ts";

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

/** Sources by the file they go into; those of `PROGRAM` are nobody else's. */
type Parts = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Writes `torchwright.js`, whose `library` is what `lib/index.ts` exports, `later.js` and `cli/program.js`; returns the
 * first one's path.
 */
export async function bundle(root: string, out: string): Promise<string> {
  const graph = await readGraph(root);
  const parts = divide(graph);
  for (const name of [LIBRARY, REST, PROGRAM]) {
    const own = parts.get(name) as ReadonlySet<string>;
    // What the other files take from this one.
    const taken = Object.entries(graph.inputs)
      .filter(([source]) => !own.has(source))
      .flatMap(([, { imports }]) => imports.map((found) => found.path).filter((source) => own.has(source)));
    const lines = [...new Set(taken)].sort().map((source) => `export * as ${exportName(source)} from "./${source}";`);
    const entry =
      name === LIBRARY ? `export * as library from "./${INDEX}";` : name === PROGRAM ? `import "./${MAIN}";` : "";
    const file = path.join(out, name);
    await build({
      ...OPTIONS,
      absWorkingDir: root,
      stdin: { contents: [entry, ...lines].join("\n"), resolveDir: root, sourcefile: "entry.js" },
      outfile: file,
      plugins: [taking(root, name, parts, graph)],
    });
    writeFileSync(file, withClassNames(readFileSync(file, "utf8"), path.join(root, "lib")));
  }
  return path.join(out, LIBRARY);
}

/** What imports what, and the names that each source exports which is loaded later. */
async function readGraph(root: string): Promise<Metafile> {
  const { metafile } = await build({
    ...OPTIONS,
    format: "esm", // in which a file's exports are known
    absWorkingDir: root,
    entryPoints: [INDEX, MAIN, ...LATER.map(sourceOf)],
    outdir: "build",
    write: false,
    metafile: true,
  });
  return metafile;
}

function sourceOf(name: string): string {
  return `lib/${name}.ts`;
}

function divide(graph: Metafile): Parts {
  const later = new Set(LATER.map(sourceOf));
  const reached = (from: Iterable<string>, leftOut: (source: string) => boolean): Set<string> => {
    const sources = new Set(from);
    for (const source of sources) {
      for (const { path: target, external } of graph.inputs[source]?.imports ?? []) {
        if (external !== true && !leftOut(target)) sources.add(target);
      }
    }
    return sources;
  };
  const library = reached([INDEX], (source) => later.has(source));
  const rest = reached(later, (source) => library.has(source));
  const program = reached([MAIN], (source) => library.has(source) || rest.has(source));
  return new Map([
    [LIBRARY, library],
    [REST, rest],
    [PROGRAM, program],
  ]);
}

/** `lib/train/prepare-fit.ts` under a name that an export may have. */
function exportName(source: string): string {
  return source.replace(/\.ts$/, "").replace(/\W/g, "_");
}

/** Sources that another file has are taken from there; by the library not before they are used. */
function taking(root: string, into: string, parts: Parts, graph: Metafile): Plugin {
  const namespace = "taken";
  const exportsOf = new Map(Object.values(graph.outputs).map((output) => [output.entryPoint, output.exports]));
  return {
    name: namespace,
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\.?\// }, ({ path: specifier, resolveDir, namespace: from }) => {
        if (from === namespace) return { path: specifier, external: true };
        const source = path.relative(root, `${path.resolve(resolveDir, specifier.replace(/\.ts$/, ""))}.ts`);
        return parts.get(into)?.has(source) === true ? undefined : { path: source, namespace };
      });
      bundler.onLoad({ filter: /.*/, namespace }, ({ path: source }) => {
        const from = [...parts.keys()].find((name) => parts.get(name)?.has(source) === true) as string;
        const place = path.posix.relative(path.posix.dirname(into), from);
        const taken = `require(${JSON.stringify(place.startsWith(".") ? place : `./${place}`)}).${exportName(source)}`;
        if (into !== LIBRARY) return { contents: `module.exports = ${taken};` };
        const getters = (exportsOf.get(source) ?? []).map(
          (name) => `get ${name}() { return (it ??= ${taken}).${name}; }`,
        );
        return { contents: `let it;\nmodule.exports = { ${getters.join(", ")} };` };
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
