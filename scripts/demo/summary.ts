/**
 * What the demo reports about a run: the event loop's delay, memory.
 */
import type { IntervalHistogram } from "node:perf_hooks";
import type { Confusion, Evaluation, History } from "../../lib/index";

/** The object of `--json`. */
export interface Summary {
  readonly data: { readonly source: string; readonly train: number; readonly test: number; readonly classes: number };
  readonly training: Omit<History, "log" | "evaluations">;
  readonly evaluation: Omit<Evaluation, "confusionMatrix">;
  readonly confused: readonly Confusion[];
  readonly eventLoopDelayMs: Delay;
  /** Of an idle Node process at the same time. */
  readonly idleEventLoopDelayMs?: Delay;
  readonly peakMemoryBytes: number;
  readonly predictions: readonly { readonly text: unknown; readonly label: string; readonly probability: number }[];
  readonly model: string;
  readonly seconds: number;
}

export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Milliseconds by which a timer of 10 ms was late: the histogram holds whole intervals. */
export function eventLoopDelay(histogram: Pick<IntervalHistogram, "percentile" | "max">, resolution = 10): Delay {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
  return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
}

export function describeDelay({ p50, p99, max }: Delay): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`;
}

/** The most memory that the process had at once, in bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
