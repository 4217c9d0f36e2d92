/**
 * How the elements of one tensor are written: all alike and equally wide, by the rules of PyTorch's `_tensor_str.py`.
 */
import { fixedText, integralText, scientificText } from "./number-text";

/** Writes elements padded to a common width. */
export interface Column {
  readonly width: number;
  format(value: number | bigint | boolean): string;
}

/** Integers and booleans: `True`, as PyTorch writes it. */
export function integerColumn(values: readonly (number | bigint | boolean)[]): Column {
  const text = (value: number | bigint | boolean): string =>
    typeof value === "boolean" ? (value ? "True" : "False") : String(value);
  return padded(text, values);
}

/**
 * Floating-point numbers: without decimals where all are integral, in scientific notation where the largest is
 * above 1e8 or 1,000 times the smallest, or the smallest below 1e-4; else with four decimals.
 */
export function floatColumn(values: readonly number[]): Column {
  const counted = values.filter((value) => Number.isFinite(value) && value !== 0);
  if (counted.length === 0) return padded(wholeText, []);
  let [least, most] = [Infinity, 0];
  for (const value of counted) {
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
  }
  const scientific = most / least > 1000 || most > 1e8 || least < 1e-4;
  const whole = counted.every(Number.isInteger);
  return padded(scientific ? scientificText : whole ? wholeText : fixedText, counted);
}

/** `3.`: the point says that it is a floating-point number. */
function wholeText(value: number): string {
  return integralText(value) + (Number.isFinite(value) ? "." : "");
}

/** Zeros, infinities and NaN do not widen a column: only `counted` does. */
function padded<T>(text: (value: T) => string, counted: readonly T[]): Column {
  const width = counted.reduce((widest, value) => Math.max(widest, text(value).length), 1);
  return { width, format: (value) => text(value as T).padStart(width) };
}
