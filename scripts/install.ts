/**
 * From a checkout to something that runs: checks what the machine needs, finds or fetches libtorch,
 * builds the addon and the JavaScript. What is done already is not done again. `--force` builds anew.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import type { Libtorch } from "../lib/native/describe-libtorch";
import { buildAddon } from "./build/addon";
import { buildDist } from "./build/dist";
import { findOrFetch } from "./build/find-or-fetch";

const root = path.join(__dirname, "..");

function say(line: string): void {
  console.error(`torchwright: ${line}`);
}

async function install(force: boolean): Promise<void> {
  const libtorch = await findOrFetch(say);
  if (libtorch) {
    say(`libtorch ${libtorch.version} ${libtorch.variant} in ${libtorch.root}`);
    if (await buildAddon(root, libtorch, force)) {
      removeOldPrebuilds();
      checkThatItOpens(libtorch);
      say("built build/Release/loader.node and torchwright.node");
    }
  }
  if (await buildDist(root, force)) say("compiled dist/");
  if (libtorch) say("ready");
}

/** In a process of its own: what cannot be opened is better known now than at first use. */
function checkThatItOpens(libtorch: Libtorch): void {
  const program = `try { require("./lib/native/load").native(); } catch (e) { console.error(e.message); process.exit(1); }`;
  const args = ["-r", "ts-node/register/transpile-only", "-e", program];
  const env = { ...process.env, LIBTORCH: libtorch.root };
  const { status, signal } = spawnSync(process.execPath, args, {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) {
    throw new Error(`the addon was built, but could not be opened (${signal ?? `exit code ${status}`})`);
  }
}

/** A prebuilt addon is loaded in preference, and would hide the one just built. */
function removeOldPrebuilds(): void {
  const folder = path.join(root, "prebuilds", `${process.platform}-${process.arch}`);
  if (!existsSync(folder)) return;
  rmSync(folder, { recursive: true });
  say(`removed ${path.relative(root, folder)}, which is older than this build; npm run prebuild writes it again`);
}

install(process.argv.includes("--force")).catch((error: unknown) => {
  console.error(`\ntorchwright: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
