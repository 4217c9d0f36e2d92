/**
 * Writes the package's tarball to the folder it is called in: `npm run tarball`. The checkout's own build is left as it
 * is.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeTarball } from "./build/tarball";

async function main(): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), "torchwright-tarball-"));
  try {
    const { file, bytes } = await makeTarball(path.join(__dirname, ".."), work);
    const target = path.resolve(path.basename(file));
    copyFileSync(file, target);
    console.log(`${target}: ${bytes} bytes`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
