/**
 * The package under other package managers than npm: pnpm, and yarn, the classic and the current one with and without
 * node_modules.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SMOKE } from "./programs";
import { run } from "./run";

interface Manager {
  readonly name: string;
  /** What npx runs. */
  readonly tool: readonly string[];
  readonly install: readonly string[];
  /** What stands before a program that is to be run. */
  readonly exec: readonly string[];
  /** Files of configuration. */
  readonly files: (registry: string) => Readonly<Record<string, string>>;
}

const BERRY = ["@yarnpkg/cli-dist@4.18.1", "yarn"] as const;

function berryFiles(linker: string): Manager["files"] {
  return (registry) => ({
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableGlobalCache: true\nenableTelemetry: false\nnpmRegistryServer: "${registry}"\n`,
    "yarn.lock": "",
  });
}

/** Side by side; those of a row use the same tool, which npx fetches once, or one after the other. */
const ROWS: readonly (readonly Manager[])[] = [
  [
    // pnpm runs no scripts of packages unless it is told to.
    {
      name: "pnpm 10",
      tool: ["pnpm@10.34.8", "pnpm"],
      install: ["install", "--no-lockfile"],
      exec: ["exec"],
      files: () => ({}),
    },
    {
      name: "yarn 1",
      tool: ["yarn@1.22.22", "yarn"],
      install: ["install", "--no-lockfile", "--non-interactive"],
      exec: [],
      files: () => ({}),
    },
  ],
  [
    {
      name: "yarn 4, node_modules",
      tool: BERRY,
      install: ["install", "--no-immutable"],
      exec: [],
      files: berryFiles("node-modules"),
    },
    {
      name: "yarn 4, Plug'n'Play",
      tool: BERRY,
      install: ["install", "--no-immutable"],
      exec: [],
      files: berryFiles("pnp"),
    },
  ],
];

/**
 * Installs the tarball with each, in a folder of its own, and runs the same program and the doctor. `cache` has
 * libtorch in it.
 */
export async function checkManagers(work: string, tarball: string, cache: string): Promise<void> {
  const registry = (await run("npm", ["config", "get", "registry"], { cwd: work })).trim();
  await Promise.all(ROWS.map((row) => checkRow(row, registry, work, tarball, cache)));
}

async function checkRow(
  row: readonly Manager[],
  registry: string,
  work: string,
  tarball: string,
  cache: string,
): Promise<void> {
  for (const manager of row) {
    const began = performance.now();
    const folder = path.join(work, manager.name.replace(/\W+/g, "-"));
    mkdirSync(folder);
    const files = {
      "package.json": JSON.stringify({
        name: "consumer",
        private: true,
        dependencies: { torchwright: `file:${tarball}` },
      }),
      "smoke.mjs": SMOKE,
      ...manager.files(registry),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const [spec = "", command = ""] = manager.tool;
    const npx = (args: readonly string[]) =>
      run("npx", ["--yes", "--package", spec, command, ...args], {
        cwd: folder,
        env: { TORCHWRIGHT_CACHE: cache, LIBTORCH: undefined, TORCHWRIGHT_ADDONS: undefined, NODE_OPTIONS: undefined },
      });
    await npx(manager.install);
    await npx([...manager.exec, "node", "smoke.mjs"]);
    await npx([...manager.exec, "torchwright", "doctor"]); // fails where training would not work
    console.log(`  ${manager.name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
}
