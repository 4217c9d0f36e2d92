/** The tarball: its size, what is in it and what is not; and that nothing runs when it is installed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Tarball } from "../../build/tarball";
import { expect, run } from "./run";

const LIMIT = 10_000_000;

export function checkContents(root: string, tarball: Tarball): void {
  const names = new Set(tarball.files);
  expect(tarball.bytes <= LIMIT, `a tarball of at most ${LIMIT} bytes, got ${tarball.bytes}`);
  const wanted = [
    ...["package.json", "README.md", "LICENSE", "CHANGELOG.md"],
    ...["torchwright.js", "later.js", "index.js", "index.mjs", "index.d.ts", "index.d.mts", "cli/main.js"].map(
      (name) => `dist/${name}`,
    ),
    ...["loader.node", "torchwright.node"].map((name) => `prebuilds/${process.platform}-${process.arch}/${name}`),
    ...["CMakeLists.txt", "package.json"].map((name) => `binding/${name}`),
    ...readdirSync(path.join(root, "binding", "src")).map((name) => `binding/src/${name}`),
  ];
  const missing = wanted.filter((name) => !names.has(name));
  expect(missing.length === 0, `these in the tarball: ${missing.join(", ")}`);
  const unwanted = [...names].filter((name) =>
    /^(lib|test|scripts|bench|build|node_modules|examples|docs\/api-reference)\/|\.map$|(?<!\.d)\.ts$|binding\.gyp$/.test(
      name,
    ),
  );
  expect(unwanted.length === 0, `none of these in the tarball: ${unwanted.join(", ")}`);
  console.log(
    `  ${path.basename(tarball.file)}: ${tarball.bytes} bytes packed, ${tarball.unpackedBytes} unpacked, ${names.size} files`,
  );
}

/** What `npm pack` and `npm publish` by themselves would take. */
export async function checkPlainPack(root: string, tarball: Tarball): Promise<void> {
  const [packed] = JSON.parse(
    await run("npm", ["pack", "--dry-run", "--json", "--foreground-scripts=false"], { cwd: root }),
  ) as [{ readonly files: readonly { readonly path: string }[] }];
  const names = packed.files.map((file) => file.path);
  const differing = [
    ...names.filter((name) => !tarball.files.includes(name)),
    ...tarball.files.filter((name) => !names.includes(name)),
  ];
  expect(differing.length === 0, `the same files as npm run tarball, got a difference in ${differing.join(", ")}`);
  expect(!existsSync(path.join(root, "prebuilds")), "the checkout's own build to be in front again");
}

interface Manifest {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

/**
 * No package of an install has a script for it, nor the file that makes npm run node-gyp, so that `--ignore-scripts`
 * changes nothing; this package has none at all.
 */
export function checkNoInstallScripts(modules: string): void {
  const packages = readdirSync(modules, { recursive: true, encoding: "utf8" })
    .filter((name) => /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(name))
    .map((name) => path.dirname(path.join(modules, name)));
  expect(packages.length > 5, `packages in ${modules}`);
  const found = packages.flatMap((folder) => {
    const { name, scripts = {} } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
    const own = Object.keys(scripts).filter(
      (script) => name === "torchwright" || ["preinstall", "install", "postinstall"].includes(script),
    );
    return [...own, ...(existsSync(path.join(folder, "binding.gyp")) ? ["binding.gyp"] : [])].map(
      (script) => `${name}: ${script}`,
    );
  });
  expect(found.length === 0, `no scripts at install, got ${found.join(", ")}`);
}
