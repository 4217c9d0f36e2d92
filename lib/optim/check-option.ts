/** Checks of options; each gives the value or throws ERR_INVALID_ARG with the option's name. */
import { describe, TorchwrightError } from "../errors";

/** A number from `low` to `high`. */
export function checkNumber(name: string, option: string, value: number, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${name}: expected ${option} from ${low} to ${high}, got ${describe(value)}`,
  );
}

/** Two numbers from `low` to `high`. */
export function checkPair(
  name: string,
  option: string,
  value: readonly [number, number],
  low: number,
  high: number,
): readonly [number, number] {
  const given: unknown = value;
  if (!Array.isArray(given) || given.length !== 2) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${name}: expected ${option} to be two numbers, got ${describe(value)}`,
    );
  }
  return [
    checkNumber(name, `${option}[0]`, value[0], low, high),
    checkNumber(name, `${option}[1]`, value[1], low, high),
  ];
}

export function checkFlag(name: string, option: string, value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${name}: expected ${option} to be true or false, got ${describe(value)}`,
  );
}
