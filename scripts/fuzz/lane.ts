/**
 * Runs a range of calls in child processes, one after the other: a crash or hang costs one child and is written down.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { devNull } from "node:os";
import path from "node:path";
import { NOT_RUN, OUT_OF_MEMORY, RUNNING } from "./outcome";

export interface LaneOptions {
  readonly seed: number;
  /** One byte per call; see outcome.ts. */
  readonly outcomes: string;
  /** Errors without a code, one JSON object per line. */
  readonly findings: string;
  /** On a processor, or, where the system does not tell, by the clock. */
  readonly secondsPerCall: number;
  readonly memoryBytes: number;
  /** Bounds the memory in use, looked at now and then, instead of the address space. */
  readonly resident: boolean;
  /** Time in milliseconds since the epoch after which no call is begun. */
  readonly deadline: number;
}

export interface Death {
  readonly index: number;
  readonly how: string;
  readonly call: string;
  /** Whether the call alone, in a fresh process, ends the same way. */
  readonly alone: boolean;
}

interface Ended {
  readonly how: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const CHILD = path.join(__dirname, "child.ts");
const POLL_MS = 250;
const TICKS_PER_SECOND = 100;
const STARTUP_SECONDS = 30;
/** A call that does not use the processor either has died in a lock after this many times its limit. */
const WAITING = 15;
const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

/** The call that a file of outcomes shows as running, within a range. */
function runningCall(outcomes: string, from: number, to: number): number {
  return readFileSync(outcomes).subarray(0, to).indexOf(RUNNING, from);
}

function rewrite(outcomes: string, index: number, outcome: number): void {
  const file = openSync(outcomes, "r+");
  writeSync(file, Buffer.of(outcome), 0, 1, index);
  closeSync(file);
}

function run(options: LaneOptions, from: number, to: number, describe = false): Promise<Ended> {
  const { seed, outcomes, findings, memoryBytes, secondsPerCall, deadline } = options;
  const resident = options.resident || !hasPrlimit;
  const program = [
    "-r",
    "ts-node/register/transpile-only",
    CHILD,
    String(seed),
    String(from),
    String(to),
    outcomes,
    findings,
  ];
  if (describe) program.push("--describe");
  // The address space is bounded, so that an operator that asks for all memory gets none, instead of all of it.
  const [command, args] = resident
    ? [process.execPath, program]
    : ["prlimit", [`--as=${memoryBytes}`, "--core=0", process.execPath, ...program]];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OMP_WAIT_POLICY: "passive" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout = (stdout + data.toString()).slice(-4000)));
  child.stderr.on("data", (data: Buffer) => (stderr = (stderr + data.toString()).slice(-6000)));
  let killed: string | undefined;
  const file = openSync(outcomes, "r");
  const bytes = Buffer.alloc(to - from);
  let at = -1;
  let since = Date.now();
  let usedBefore: number | undefined = 0;
  const watch = setInterval(() => {
    readSync(file, bytes, 0, bytes.length, from);
    const running = bytes.indexOf(RUNNING);
    const reached = running < 0 ? bytes.lastIndexOf(1) : running;
    const used = processorSeconds(child.pid);
    if (reached !== at) [at, since, usedBefore] = [reached, Date.now(), used];
    const waited = (Date.now() - since) / 1000;
    // A fresh child opens libtorch first; a machine that has other work to do lets a call wait.
    const limit = secondsPerCall + (at < 0 ? STARTUP_SECONDS : 0);
    if (used === undefined ? waited > limit : used - (usedBefore ?? 0) > limit || waited > WAITING * limit) {
      killed ??= `no end within ${secondsPerCall} s`;
    } else if (resident && residentBytes(child.pid) > memoryBytes) {
      killed ??= `more than ${memoryBytes} bytes of memory`;
    } else if (Date.now() > deadline && !describe) killed ??= "deadline";
    if (killed !== undefined) child.kill("SIGKILL");
  }, POLL_MS);
  return new Promise((resolve) =>
    child.once("close", (code, signal) => {
      clearInterval(watch);
      closeSync(file);
      const how =
        killed ??
        signal ??
        (code === 0 ? undefined : code !== null && code > 128 ? `signal ${code - 128}` : `exit code ${code}`);
      resolve({ how, stdout, stderr });
    }),
  );
}

/** Time on a processor, where the system tells it. */
function processorSeconds(pid: number | undefined): number | undefined {
  try {
    // The name, in parentheses, may hold spaces; user and system time follow as the 12th and 13th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

function residentBytes(pid: number | undefined): number {
  try {
    return 1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // it has just ended
  }
}

/** Makes the calls from `from` to before `to`; reports each death as it comes. */
export async function runLane(
  options: LaneOptions,
  from: number,
  to: number,
  onDeath: (death: Death) => void,
): Promise<void> {
  let next = from;
  while (next < to && Date.now() < options.deadline) {
    const ended = await run(options, next, to);
    if (ended.how === undefined) return;
    const index = runningCall(options.outcomes, next, to);
    if (ended.how === "deadline") {
      // A call that was cut short counts as not made.
      if (index >= 0) rewrite(options.outcomes, index, NOT_RUN);
      return;
    }
    if (index < 0) throw new Error(`fuzz: the child ended with ${ended.how} outside of any call: ${ended.stderr}`);
    const death = await confirm(options, index, ended);
    if (death) onDeath(death);
    else rewrite(options.outcomes, index, OUT_OF_MEMORY);
    next = index + 1;
  }
}

/**
 * V8 and libgomp end the process where the system gives them no memory, and the limit of the run is why it gives none.
 */
const OUT_OF_ADDRESSES = /heap out of memory|process out of memory|javascript OOM|libgomp: Thread creation failed/i;

/**
 * The same call once more, alone, with its text. Undefined where they had no memory left beside a large tensor
 * and the call goes well under twice the limit.
 */
async function confirm(options: LaneOptions, index: number, { how, stderr }: Ended): Promise<Death | undefined> {
  const short = OUT_OF_ADDRESSES.test(stderr);
  const memoryBytes = short ? 2 * options.memoryBytes : options.memoryBytes;
  const again = await run({ ...options, memoryBytes, findings: devNull, deadline: Infinity }, index, index + 1, true);
  if (short && again.how === undefined) return undefined;
  const said = [how, stderr.trim().split("\n").at(-1)].filter(Boolean).join(": ");
  return { index, how: said, call: again.stdout.trim(), alone: again.how !== undefined };
}
