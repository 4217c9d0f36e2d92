/** How the metrics read their options: defaults and checks by name. */
import { describe, TorchwrightError } from "../errors";

/** What an option has to be, in words and as a test. */
export type OptionCheck = readonly [expected: string, holds: (value: unknown) => boolean];

/** A check for whole numbers of a range. */
export function wholeNumber(least: number, most: number): OptionCheck {
  return [
    `a whole number from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  ];
}

const isOptions = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A check for options in options, whose names are checked where they are read. */
export const nestedOptions: OptionCheck = ["an object of options", isOptions];

/**
 * Options with the defaults filled in; `undefined` counts as left out.
 * @throws TorchwrightError ERR_INVALID_ARG for what is no object, an unknown name, or a value that is not allowed
 */
export function readOptions<T extends object>(
  operation: string,
  given: object | undefined,
  defaults: T,
  checks: { readonly [Name in keyof T]: OptionCheck },
): T {
  const refuse = (expected: string, got: unknown): never => {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
  };
  if (given !== undefined && !isOptions(given)) refuse("an object of options", given);
  const values = { ...defaults } as Record<string, unknown>;
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue;
    if (!Object.hasOwn(checks, name)) refuse(`options out of ${Object.keys(checks).join(", ")}`, name);
    const [expected, holds] = checks[name as keyof T];
    if (!holds(value)) refuse(`${name} to be ${expected}`, value);
    values[name] = value;
  }
  return values as T;
}
