/** The kinds of labels that data can have: recognised, checked, and brought to one form. */
import { describe, TorchwrightError } from "../errors";
import type { Label } from "./example";

/**
 * What a row's label says, and with it what a model learns:
 *
 * - `single-label`: the name of its one class; `batch.labels` are class ids, int64 `[batch]`
 * - `multi-label`: names of any number of classes; 0 and 1, float32 `[batch, classes]`
 * - `soft-label`: a probability for each class; float32 `[batch, classes]`
 * - `regression`: a number; float32 `[batch]`
 */
export type ProblemType = "single-label" | "multi-label" | "soft-label" | "regression";

const PROBLEM_TYPES: readonly ProblemType[] = ["single-label", "multi-label", "soft-label", "regression"];

/** Checks an option; throws ERR_INVALID_ARG. */
export function checkProblemType(operation: string, value: unknown): ProblemType | undefined {
  if (value === undefined || PROBLEM_TYPES.includes(value as ProblemType)) return value as ProblemType | undefined;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected problemType to be one of ${PROBLEM_TYPES.map((name) => `"${name}"`).join(", ")}, got ${describe(value)}`,
  );
}

/** What a label on its own looks like; a number is taken for the name of a class. Undefined for what is no label. */
export function problemTypeOf(label: unknown): ProblemType | undefined {
  if (Array.isArray(label)) return "multi-label";
  if (typeof label === "object" && label !== null) return "soft-label";
  return ["string", "number", "bigint", "boolean"].includes(typeof label) ? "single-label" : undefined;
}

/** Sum of probabilities may differ from 1 by this, as figures that were rounded for a file do. */
const TOLERANCE = 1e-2;

/**
 * The label in the one form of its problem type; `fail` makes the error with what was expected.
 * A copy, so that nobody changes it later.
 */
export function toLabel(given: unknown, type: ProblemType, fail: (expected: string) => TorchwrightError): Label {
  switch (type) {
    case "single-label":
      return className(given, fail);
    case "multi-label": {
      if (!Array.isArray(given)) throw fail("a list of class names as label, as the problem is multi-label");
      const names = (given as unknown[]).map((name) => className(name, fail));
      return Object.freeze([...new Set(names)]);
    }
    case "soft-label":
      return probabilities(given, fail);
    case "regression": {
      const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
      if (typeof value !== "number" || !Number.isFinite(value)) {
        throw fail("a finite number as label, as the problem is a regression");
      }
      return value;
    }
  }
}

function className(given: unknown, fail: (expected: string) => TorchwrightError): string {
  if (typeof given === "number" && !Number.isInteger(given)) {
    throw fail(
      'a class name as label; a number with a fraction is one only as text, or with { problemType: "regression" } a target',
    );
  }
  if (typeof given === "string" && given !== "") return given;
  if (typeof given === "number" || typeof given === "bigint" || typeof given === "boolean") return String(given);
  throw fail("a label that is a non-empty text, number or boolean");
}

function probabilities(given: unknown, fail: (expected: string) => TorchwrightError): Label {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw fail("an object of probabilities by class name as label, as the labels are soft");
  }
  const entries = Object.entries(given as Record<string, unknown>);
  const sum = entries.reduce((total, [, value]) => total + (typeof value === "number" && value >= 0 ? value : NaN), 0);
  if (!(Math.abs(sum - 1) <= TOLERANCE)) {
    throw fail(`probabilities from 0 that sum to 1 as label, with a sum of ${sum}`);
  }
  return Object.freeze(Object.fromEntries(entries)) as Label;
}

/** Whether names are the digits of numbers with fractions: a column of floats that was taken for classes. */
export function looksLikeFloats(names: readonly string[]): boolean {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
  return names.some((name) => !/^[+-]?\d+$/.test(name)) && names.every((name) => number.test(name));
}

/** Every class name that a label mentions. */
export function namesIn(label: Label | undefined): readonly string[] {
  if (typeof label === "string") return [label];
  if (Array.isArray(label)) return label as readonly string[];
  return typeof label === "object" ? Object.keys(label) : [];
}
