/**
 * `npm run verify:optimizers`: do Python's optimizers go on from the states that we save?
 *
 * Takes the first steps of every case of `test/golden/optimizers.json`, saves the state, and lets
 * `scripts/verify_optimizers.py` take the rest. Ends with its JSON as the last line, and code 1 where a weight or a
 * name differs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveOptimizerState, scope } from "../lib/index";
import { golden, makeOptimizer, parametersOf, walk } from "../test/support/golden-optimizers";
import { referencePython, runReference } from "./python-env";

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "torchwright-optimizers-"));
  try {
    for (const one of golden.cases) {
      await scope(async () => {
        const params = parametersOf(one);
        using optimizer = makeOptimizer(one, params);
        await walk(optimizer, params, { from: 0, to: golden.stateSteps });
        await saveOptimizerState(join(folder, `${one.name}.pt`), optimizer);
      });
    }
    const report = (await runReference(await referencePython(), "verify_optimizers.py", [folder])) as {
      readonly ok: boolean;
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    if (!report.ok) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
