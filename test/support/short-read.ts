/** Prints the code of the error where a tensor fits into the memory that the process may have, and its values do not. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ops, Tensor, TorchwrightError } from "../../lib/index";

/** More than what is ever lent, so that V8 is to have a buffer of its own. */
const BYTES = 700_000_000;

const codeOf = (error: unknown): string => (error instanceof TorchwrightError ? error.code : String(error));

async function main(): Promise<void> {
  Tensor.from(0).dispose(); // libtorch is open from here
  const addresses = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
  execFileSync("prlimit", ["--pid", `${process.pid}`, `--as=${addresses + 1.5 * BYTES}`]);
  const large = ops.empty([BYTES / 4]);
  let code = "none";
  try {
    large.toTypedArray();
  } catch (error) {
    code = codeOf(error);
  }
  const queued = await large.read().then(() => "none", codeOf);
  process.stdout.write(`${code} ${queued} ${Number(Tensor.from([1, 2]).sum().item())}\n`);
}

void main();
