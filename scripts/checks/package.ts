/**
 * What a user gets, tried on the packed tarball: `npm run check:package`. Every step runs although another has failed.
 *
 * `-- --compile` also compiles all packed sources (minutes); `-- --only <words of a step>` runs the steps that others
 * need, and those.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { locateLibtorch } from "../../lib/native/locate";
import { hashOf } from "../../lib/native/source-hash";
import { makeTarball } from "../build/tarball";
import { pretrainedMiniLM } from "../demo/minilm";
import { checkBuild } from "./package/build";
import { checkContents, checkNoInstallScripts, checkPlainPack } from "./package/contents";
import { firstMinute } from "./package/first-minute";
import { checkManagers } from "./package/managers";
import { checkBundlers, checkImportTime, checkSmoke } from "./package/programs";
import { expect, run } from "./package/run";
import { checkManifest, checkTypes } from "./package/types";

const ROOT = path.join(__dirname, "..", "..");
const WEBPACK = "webpack@5.113.0";

const { values } = parseArgs({ options: { compile: { type: "boolean", default: false }, only: { type: "string" } } });
let failures = 0;

async function step<T>(name: string, work: () => Promise<T> | T, needed = false): Promise<T | undefined> {
  if (!needed && values.only !== undefined && !name.includes(values.only)) return undefined;
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  console.log(`package: ${name}`);
  try {
    const result = await work();
    console.log(`package: ${name}: ok (${seconds()})`);
    return result;
  } catch (error) {
    failures += 1;
    console.log(`package: ${name}: FAILED (${seconds()}): ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function main(work: string): Promise<void> {
  const tarball = await step("pack", () => makeTarball(ROOT, path.join(work, "packed")), true);
  if (!tarball) return;
  await step("contents and size", () => checkContents(ROOT, tarball));
  await step("npm pack in a checkout packs the same", () => checkPlainPack(ROOT, tarball));
  await step("publint and attw", () => checkManifest(ROOT, tarball.file));
  const libtorch = locateLibtorch();
  const minilm = await step("weights that a user brings along", pretrainedMiniLM, true);
  if (minilm === undefined) return;
  const stranger = await step(
    "first minute, without compiler and Python",
    () => firstMinute(ROOT, work, tarball, libtorch, minilm),
    true,
  );
  if (!stranger) return;

  await step("no scripts at install, --ignore-scripts changes nothing", async () => {
    const modules = path.join(stranger.folder, "node_modules");
    checkNoInstallScripts(modules);
    const quiet = path.join(work, "ignore-scripts");
    mkdirSync(quiet);
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball.file], {
      cwd: quiet,
      onlyEnv: stranger.env,
    });
    expect(
      hashOf(modules, ["torchwright"], []) === hashOf(path.join(quiet, "node_modules"), ["torchwright"], []),
      "the same files with and without scripts",
    );
  });
  await step("require, import and worker threads", () => checkSmoke(stranger));
  await step("importing is cheap", () => checkImportTime(stranger));
  await step("types: node16, nodenext, bundler", () => checkTypes(ROOT, stranger));
  await step("torchwright build", () => checkBuild(ROOT, work, stranger, values.compile));
  await step("pnpm and yarn", () => checkManagers(work, tarball.file, stranger.cache));
  await step("esbuild and webpack", async () => {
    await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", WEBPACK], { cwd: stranger.folder });
    await checkBundlers(stranger, path.join(ROOT, "docs", "package.md"));
  });
}

const work = realpathSync(mkdtempSync(path.join(tmpdir(), "torchwright-package-")));
main(work)
  .catch((error: unknown) => {
    failures += 1;
    console.error(error);
  })
  .finally(() => {
    rmSync(work, { recursive: true, force: true });
    if (failures > 0) process.exitCode = 1;
  });
