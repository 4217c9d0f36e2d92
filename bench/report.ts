/** What a benchmark says: items with ratios, as a table and as JSON. */
import { cpus, totalmem } from "node:os";
import type { Pair } from "./duel";

export interface Item {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** Our cost over the peer's: below 1 is better, whatever the unit. */
  readonly ratio: number;
  readonly unit: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly platform: string;
}

export interface Report {
  readonly suite: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly items: readonly Item[];
}

/** Middle value; the mean of the middle two where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
}

/** An item where less is better: milliseconds, megabytes. */
export function cost(name: string, unit: string, values: Pair<readonly number[] | undefined>): Item {
  const ours = median(values.ours ?? []);
  const peer = median(values.peer ?? []);
  return { name, ours, peer, ratio: ours / peer, unit };
}

/** An item where more is better: tokens per second. */
export function throughput(name: string, unit: string, values: Pair<readonly number[] | undefined>): Item {
  const item = cost(name, unit, values);
  return { ...item, ratio: item.peer / item.ours };
}

/** One item for several of one unit: the geometric mean of each side, and so of their ratios. */
export function geometricMean(name: string, items: readonly Item[]): Item {
  const mean = (values: readonly number[]): number =>
    Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
  const ours = mean(items.map((item) => item.ours));
  const peer = mean(items.map((item) => item.peer));
  return { name, ours, peer, ratio: mean(items.map((item) => item.ratio)), unit: items[0]?.unit ?? "" };
}

export function describeMachine(threads: number): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    threads,
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
  };
}

function number(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(1) : value.toFixed(2);
}

/** The table that is printed: one line per item. */
export function formatTable(items: readonly Item[]): string {
  const rows = items.map(({ name, ours, peer, ratio, unit }) => [
    name,
    number(ours),
    number(peer),
    unit,
    ratio.toFixed(3),
  ]);
  const table = [["", "ours", "peer", "unit", "ratio"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const left = new Set([0, 3]);
  return table
    .map((row) =>
      row
        .map((cell, column) => cell[left.has(column) ? "padEnd" : "padStart"](widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
