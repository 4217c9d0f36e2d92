/**
 * Calls random operators and entry points with random arguments, right and wrong, in child processes with
 * limits of memory and time. A crash, a hang, or an error without a code is a finding; any fails the run.
 *
 * `npm run fuzz -- --calls 200000 --seed 1` (`--lanes 2`, `--seconds 30` at most, `--call-seconds 60` of processor
 * time, `--memory-gb 6` of address space, or with `--resident` of memory in use); `--only 1234` repeats call 1234 of
 * that seed alone, and prints it.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, existsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Death, LaneOptions } from "./fuzz/lane";
import { runLane } from "./fuzz/lane";
import { NOT_RUN, outcomeName, RUNNING, UNCODED } from "./fuzz/outcome";

/** Calls that a lane takes at once: small, so that the lanes end together. */
const CHUNK = 5000;

interface Finding {
  readonly index: number;
  readonly call: string;
  readonly error: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      calls: { type: "string", default: "20000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      only: { type: "string" },
      lanes: { type: "string", default: String(Math.min(2, availableParallelism())) },
      seconds: { type: "string", default: "Infinity" },
      "call-seconds": { type: "string", default: "60" },
      "memory-gb": { type: "string", default: "6" },
      resident: { type: "boolean", default: false },
    },
  });
  const seed = wholeNumber("seed", values.seed);
  const only = values.only === undefined ? undefined : wholeNumber("only", values.only);
  const [first, last] = only === undefined ? [0, wholeNumber("calls", values.calls)] : [only, only + 1];
  const folder = mkdtempSync(path.join(tmpdir(), "torchwright-fuzz-run-"));
  const began = Date.now();
  try {
    const options: LaneOptions = {
      seed,
      outcomes: path.join(folder, "outcomes"),
      findings: path.join(folder, "findings"),
      secondsPerCall: Number(values["call-seconds"]),
      memoryBytes: Math.round(Number(values["memory-gb"]) * 2 ** 30),
      resident: values.resident,
      deadline: began + 1000 * Number(values.seconds),
    };
    const file = openSync(options.outcomes, "w");
    ftruncateSync(file, last); // zeros: nothing has run
    closeSync(file);
    console.log(`fuzz: seed ${seed}, calls ${first} to ${last - 1}`);
    const deaths: Death[] = [];
    const again = (index: number): string => `again: npm run fuzz -- --seed ${seed} --only ${index}`;
    const onDeath = (death: Death): void => {
      deaths.push(death);
      console.log(
        `DIED ${death.how}\n  ${death.call}\n  ${death.alone ? "" : "not when made alone; "}${again(death.index)}`,
      );
    };
    const lanes = wholeNumber("lanes", values.lanes);
    let next = first;
    const lane = async (): Promise<void> => {
      while (next < last && Date.now() < options.deadline) {
        const from = next;
        next = Math.min(last, from + Math.min(CHUNK, Math.ceil((last - first) / lanes)));
        await runLane(options, from, next, onDeath);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    const findings = existsSync(options.findings)
      ? readFileSync(options.findings, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Finding)
      : [];
    for (const { index, call, error } of findings) console.log(`NO CODE ${error}\n  ${call}\n  ${again(index)}`);
    const made = summarize(readFileSync(options.outcomes).subarray(first), (Date.now() - began) / 1000);
    console.log(`fuzz: ${deaths.length} crashes or hangs, ${findings.length} errors without a code`);
    return deaths.length === 0 && findings.length === 0 && made > 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints how often each outcome came, and gives the number of calls made. */
function summarize(outcomes: Buffer, seconds: number): number {
  const counts = new Map<number, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const made = outcomes.length - (counts.get(NOT_RUN) ?? 0);
  console.log(`fuzz: ${made} calls in ${seconds.toFixed(0)} s`);
  for (const [outcome, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    if (outcome !== NOT_RUN) {
      console.log(
        `  ${String(count).padStart(8)}  ${outcomeName(outcome)}${outcome === RUNNING || outcome === UNCODED ? "  <--" : ""}`,
      );
    }
  }
  return made;
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(number) || number < 0) {
    throw new Error(`fuzz: expected --${name} to be a whole number, got ${text}`);
  }
  return number;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
