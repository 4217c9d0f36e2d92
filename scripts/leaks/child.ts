/** One variant in a process of its own: `child.ts <variant> <steps>` prints its readings as JSON. */
import { setNumThreads } from "../../lib/index";
import { VARIANTS } from "./variants";
import type { VariantName } from "./variants";

const [, , name = "", steps = ""] = process.argv;

setNumThreads(1); // the tensors are small, and other processes are none of a test's business
VARIANTS[name as VariantName].run(Number(steps)).then(
  (readings) => void process.stdout.write(`${JSON.stringify(readings)}\n`),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
