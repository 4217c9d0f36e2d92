/** Options that do not exist are errors: a name that is spelled as Python does would otherwise do nothing. */
import { describe, TorchwrightError } from "../errors";

/** The options; throws ERR_INVALID_ARG for what is no object. */
export function checkObject<T extends object>(name: string, options: T): T {
  if (typeof options === "object" && (options as T | null) !== null) return options;
  throw new TorchwrightError("ERR_INVALID_ARG", `${name}: expected an object of options, got ${describe(options)}`);
}

/** An object of options, all of them `known`. */
export function checkOptions<T extends object>(name: string, options: T, known: readonly (keyof T & string)[]): T {
  const unknown = Object.keys(checkObject(name, options)).find(
    (option) => !(known as readonly string[]).includes(option),
  );
  if (unknown === undefined) return options;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${name}: expected options among ${known.join(", ")}, got ${describe(unknown)}`,
  );
}

/** What is to be run. Throws ERR_INVALID_ARG. */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TorchwrightError("ERR_INVALID_ARG", `${name}: expected a function, got ${describe(fn)}`);
}
