/** Reads and checks what metrics are fed, a whole batch before any of it is counted. */
import { describe, TorchwrightError } from "../errors";
import { type Float32Bits, withBits } from "./threshold-grid";

/** Rows of probabilities may miss a sum of 1 by this: bfloat16 keeps three digits. */
const SUM_TOLERANCE = 0.01;

function refuse(operation: string, expected: string, got: string): never {
  throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${got}`);
}

function checkList(operation: string, what: string, given: unknown): asserts given is ArrayLike<unknown> {
  const length: unknown = typeof given === "object" && given !== null && "length" in given ? given.length : undefined;
  if (!Number.isSafeInteger(length) || (length as number) < 0) {
    refuse(operation, `${what} as an array`, describe(given));
  }
}

/** Whole numbers from 0 up to a bound, one for each row. Throws ERR_INVALID_ARG. */
export function readWholeNumbers(
  operation: string,
  what: string,
  given: ArrayLike<number | bigint>,
  bound: number,
): Uint32Array {
  checkList(operation, what, given);
  const numbers = new Uint32Array(given.length);
  for (let i = 0; i < numbers.length; i++) {
    const value: unknown = given[i];
    const number = typeof value === "bigint" ? Number(value) : value;
    if (typeof number !== "number" || !(number >= 0 && number < bound) || !Number.isInteger(number)) {
      refuse(operation, `${what} from 0 to ${bound - 1}`, `${describe(value)} (number ${i})`);
    }
    numbers[i] = number;
  }
  return numbers;
}

/** Finite numbers. Throws ERR_INVALID_ARG. */
export function readFinite(operation: string, what: string, given: ArrayLike<number>): ArrayLike<number> {
  checkList(operation, what, given);
  for (let i = 0; i < given.length; i++) {
    if (!Number.isFinite(given[i])) {
      refuse(operation, `${what} that are finite numbers`, `${describe(given[i])} (number ${i})`);
    }
  }
  return given;
}

/** Probabilities `[rows, classes]` as float32; no copy of a Float32Array. Throws ERR_INVALID_ARG. */
export function readProbabilities(
  operation: string,
  given: ArrayLike<number>,
  rows: number,
  classes: number,
): Float32Bits {
  checkList(operation, "probabilities", given);
  if (given.length !== rows * classes) {
    refuse(operation, `${rows} × ${classes} probabilities, a row for each example`, `${given.length}`);
  }
  const values =
    given instanceof Float32Array
      ? given
      : Float32Array.from(given, (value: unknown) => (typeof value === "number" ? value : NaN));
  for (let i = 0; i < values.length; i++) {
    if ((values[i] as number) >= 0 && (values[i] as number) <= 1) continue;
    refuse(
      operation,
      "probabilities from 0 to 1, not logits",
      `${describe(given[i])} (row ${Math.floor(i / classes)}, class ${i % classes})`,
    );
  }
  return withBits(values);
}

/** As {@link readProbabilities}, and every row sums to 1. */
export function readDistributions(
  operation: string,
  given: ArrayLike<number>,
  rows: number,
  classes: number,
): Float32Bits {
  const scores = readProbabilities(operation, given, rows, classes);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) sum += scores.values[i] as number;
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      refuse(operation, "probabilities that sum to 1 in each row", `a sum of ${sum} (row ${row})`);
    }
  }
  return scores;
}
