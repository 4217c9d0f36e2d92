/** Runs a variant, and says whether its readings are what they must be. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Readings } from "./readings";
import { VARIANTS } from "./variants";
import type { VariantName } from "./variants";

/** MB per 1,000 steps. */
const MOST_SLOPE = 1;
/** The same where the collector frees: its pace is no straight line. */
const MOST_COLLECTED_SLOPE = 20;
/** MB beyond twice the scoped variant's peak. */
const ROOM = 500;
/** Fewer steps are no basis for a slope. */
const STEPS_FOR_SLOPE = 2000;

export interface Verdict {
  readonly name: VariantName;
  readonly readings: Readings;
  readonly limits: { readonly peak?: number };
  /** Empty where all is well. */
  readonly failures: readonly string[];
}

/** Trains in a child process; its errors are this one's. */
export async function runVariant(name: VariantName, steps: number): Promise<Readings> {
  const flags = "flat" in VARIANTS[name] ? ["--expose-gc"] : [];
  const child = [...flags, "-r", "ts-node/register/transpile-only", join(__dirname, "child.ts"), name, String(steps)];
  const { stdout } = await promisify(execFile)(process.execPath, child, { cwd: join(__dirname, "..", "..") });
  return JSON.parse(stdout) as Readings;
}

/** `all` holds the readings of this variant and of the one that it is measured against, where that has run. */
export function judge(name: VariantName, all: ReadonlyMap<string, Readings>): Verdict {
  const readings = all.get(name);
  if (!readings) throw new RangeError(`leaks: ${name} has not run`);
  const {
    flat,
    against,
    slope: allowed,
  }: { readonly flat?: boolean; readonly against?: string; readonly slope?: number } = VARIANTS[name];
  const { steps, slope, peak, liveTensors } = readings;
  const other = against === undefined ? undefined : all.get(against);
  const limits = other === undefined ? {} : { peak: 2 * other.peak + ROOM };
  const failures: string[] = [];
  if (flat && liveTensors[0] !== liveTensors[1]) failures.push(`live tensors are not flat`);
  const most = allowed ?? (flat ? MOST_SLOPE : MOST_COLLECTED_SLOPE);
  if (steps >= STEPS_FOR_SLOPE && slope >= most) failures.push(`slope is not below ${most} MB per 1,000 steps`);
  if (limits.peak !== undefined && peak >= limits.peak) failures.push(`peak is not below ${limits.peak.toFixed(0)} MB`);
  return { name, readings, limits, failures };
}
