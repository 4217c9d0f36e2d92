/** Prints "retried" where an operator that ran out of memory succeeds because garbage could be freed for it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ops, Tensor } from "../../lib/index";

const BYTES = 600_000_000;

/** Untouched memory takes addresses only, and those are what is limited. */
const make = (): Tensor => ops.empty([BYTES / 4]);

Tensor.from(0).dispose(); // libtorch is open from here
const addresses = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
execFileSync("prlimit", ["--pid", `${process.pid}`, `--as=${addresses + 1.5 * BYTES}`]);
void make(); // garbage that no finalizer can free within this turn
if (make().numel === BYTES / 4) process.stdout.write("retried\n");
