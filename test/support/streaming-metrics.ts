/**
 * What `scripts/golden/metrics_streaming.py` wrote: probabilities, truth, and scikit-learn's and torchmetrics' results.
 */
import { expect } from "chai";
import { join } from "node:path";
import { GOLDEN, readGolden, readSafetensors } from "./golden";

/** Null where it is undefined. */
export type Expected = Readonly<Record<string, number | null>>;

/** By class, null for those that have not both kinds of examples. */
export interface Areas {
  readonly rocAuc: readonly (number | null)[];
  readonly prAuc: readonly (number | null)[];
}

export type Grid = "fine" | "even" | "chosen";

export interface AreasByGrid {
  readonly exact: Areas;
  readonly binned: Readonly<Record<Grid, Readonly<Record<"scikit-learn" | "torchmetrics", Areas>>>>;
  /** torchmetrics with thresholds=11, without the classes for which its curve does not begin at (0, 0). */
  readonly asCalled: Areas;
}

interface LabelledCase<T> {
  readonly name: string;
  readonly classes: number;
  readonly truth: readonly number[];
  readonly expected: T;
}

export type SingleCase = LabelledCase<{
  readonly scores: Expected;
  readonly topKAccuracy: Readonly<Record<string, number>>;
  readonly expectedCalibrationError: Readonly<Record<string, number>>;
  readonly areas: AreasByGrid;
}>;

export type MultiCase = LabelledCase<{
  readonly scores: Readonly<Record<string, Expected>>;
  readonly areas: AreasByGrid;
  readonly pooled: AreasByGrid;
}>;

export interface RegressionCase {
  readonly name: string;
  readonly predictions: readonly number[];
  readonly targets: readonly number[];
  readonly expected: Expected;
}

/** Ends of the 95 % interval and the replicates' standard deviation. */
export type Resampled = Readonly<
  Record<string, { readonly low: number; readonly high: number; readonly deviation: number }>
>;

export const golden = readGolden<{
  readonly chosenThresholds: readonly number[];
  readonly single: readonly SingleCase[];
  readonly multi: readonly MultiCase[];
  readonly regression: readonly RegressionCase[];
  readonly bootstrap: {
    readonly single: { readonly truth: readonly number[]; readonly expected: Resampled };
    readonly multi: { readonly truth: readonly number[]; readonly expected: Resampled };
    readonly regression: {
      readonly predictions: readonly number[];
      readonly targets: readonly number[];
      readonly expected: Resampled;
    };
  };
}>("metrics.streaming.json");

const stored = readSafetensors(join(GOLDEN, "metrics.streaming.safetensors"));

/** The case's probabilities, `[examples, classes]`. */
export function probabilitiesOf(kind: "single" | "multi" | "bootstrap", name: string): Float32Array {
  const tensor = stored.get(`${kind}: ${name}`);
  if (tensor === undefined) throw new Error(`no probabilities of ${kind}: ${name}`);
  return new Float32Array(tensor.bytes.slice().buffer);
}

/** The options that ask for a grid of the golden file. */
export function thresholdsOf(grid: Grid): { thresholds?: number | readonly number[] } {
  return grid === "fine" ? {} : { thresholds: grid === "even" ? 11 : golden.chosenThresholds };
}

/** Compares with what is expected; null is NaN. */
export function expectClose(
  actual: object,
  expected: Expected,
  tolerance: (name: string, value: number) => number,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const got = (actual as Record<string, unknown>)[name];
    if (value === null) expect(got, name).to.be.NaN;
    else expect(got, name).to.be.closeTo(value, tolerance(name, value));
  }
}

/** scikit-learn computes losses in the probabilities' float32, and everything else in float64. */
export function precision(name: string, value: number): number {
  return ["logLoss", "brier"].includes(name) ? 1e-6 * Math.abs(value) + 1e-13 : 1e-12;
}

/** What has areas under curves. */
export interface HasAreas {
  readonly rocAuc: number;
  readonly prAuc: number;
}

/** Compares areas by class; null is NaN. */
export function expectAreas(actual: readonly HasAreas[], expected: Areas, tolerance: number): void {
  expect(actual).to.have.length(expected.rocAuc.length);
  actual.forEach(({ rocAuc, prAuc }, id) => {
    expectClose(
      { rocAuc, prAuc },
      { rocAuc: expected.rocAuc[id] as number | null, prAuc: expected.prAuc[id] as number | null },
      () => tolerance,
    );
  });
}

/** `actual` without the classes that `expected` leaves out. */
export function withoutMissing(actual: readonly HasAreas[], expected: Areas): HasAreas[] {
  return actual.map((areas, id) => (expected.rocAuc[id] === null ? { rocAuc: NaN, prAuc: NaN } : areas));
}

/** Means over the classes that have areas, null without any. */
export function macroOf({ rocAuc, prAuc }: Areas): { macroRocAuc: number | null; macroPrAuc: number | null } {
  return { macroRocAuc: meanOf(rocAuc), macroPrAuc: meanOf(prAuc) };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
