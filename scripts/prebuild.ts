/**
 * Writes both addons to the checkout's `prebuilds/<platform>-<arch>`: `npm run prebuild`. `npm pack` does so first, and
 * with `-- --remove` takes them away again, since the checkout's own build would stand behind them.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import { writePrebuilds } from "./build/prebuilds";

const root = path.join(__dirname, "..");

async function main(): Promise<void> {
  if (process.argv.includes("--remove")) rmSync(path.join(root, "prebuilds"), { recursive: true, force: true });
  else console.log(`prebuilt: ${await writePrebuilds(root, root)}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
