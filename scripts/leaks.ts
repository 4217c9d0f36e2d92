/**
 * `npm run leaks [-- variant …] [--steps n] [--json]`: does memory stay flat over thousands of training steps?
 *
 * Each variant (`leaks/variants.ts`) trains in a process of its own. In the Trainer and under `scope` live tensors must
 * be flat to the exact count and resident memory's slope below 1 MB per 1,000 steps after warm-up; without any scope or
 * dispose the peak must stay below twice the scoped one's and 500 MB and the slope below 20 MB, also where each step's
 * graph holds 100 MB behind a scalar, where the event loop never turns, and where graphs are all nodes.
 */
import { parseArgs } from "node:util";
import { describeMachine } from "../bench/report";
import { judge, runVariant } from "./leaks/judge";
import type { Verdict } from "./leaks/judge";
import type { Readings } from "./leaks/readings";
import { VARIANTS } from "./leaks/variants";
import type { VariantName } from "./leaks/variants";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function describeVerdict({ name, readings, limits, failures }: Verdict): string {
  const { steps, liveTensors, slope, peak, seconds } = readings;
  const [fewest, most] = liveTensors;
  const live = fewest === most ? `${most}` : `${fewest} to ${most}`;
  const bound = limits.peak === undefined ? "" : ` (at most ${limits.peak.toFixed(0)})`;
  const verdict = failures.length === 0 ? "ok" : `FAILED: ${failures.join("; ")}`;
  return (
    `${name}: ${steps} steps in ${seconds.toFixed(0)} s, live tensors ${live}, ` +
    `${slope.toFixed(2)} MB per 1,000 steps, peak ${peak.toFixed(0)} MB${bound}: ${verdict}`
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { steps: { type: "string", default: "5000" }, json: { type: "boolean", default: false } },
  });
  const names = Object.keys(VARIANTS) as VariantName[];
  const unknown = positionals.find((name) => !names.includes(name as VariantName));
  if (unknown !== undefined) throw new Error(`leaks: expected variants among ${names.join(", ")}, got ${unknown}`);
  const chosen = positionals.length > 0 ? names.filter((name) => positionals.includes(name)) : names;
  const readings = new Map<string, Readings>();
  const verdicts: Verdict[] = [];
  for (const name of chosen) {
    readings.set(name, await runVariant(name, Number(values.steps)));
    const verdict = judge(name, readings);
    verdicts.push(verdict);
    say(describeVerdict(verdict));
  }
  if (values.json) {
    say(JSON.stringify({ machine: describeMachine(0), date: new Date().toISOString().slice(0, 10), verdicts }));
  }
  if (verdicts.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
