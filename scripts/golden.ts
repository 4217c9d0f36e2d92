/** `npm run golden [-- --only bert …]`: writes the golden files of `test/golden` with the pinned Python. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { emailFolder } from "./demo/emails";
import { referencePython } from "./python-env";

async function main(): Promise<void> {
  const python = await referencePython();
  const { status } = spawnSync(python, [join(__dirname, "golden"), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, TORCHWRIGHT_EMAILS: await emailFolder() },
  });
  process.exitCode = status ?? 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
