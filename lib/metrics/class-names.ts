/** The names of the classes that a metric is about. */
import { describe, TorchwrightError } from "../errors";

/** Class names by class id, or a number of classes that are named "0", "1", …. @inline */
export type Classes = number | readonly string[];

/** The names, 1 to 10,000 of them. Throws ERR_INVALID_ARG. */
export function classNames(operation: string, classes: Classes): readonly string[] {
  const size: unknown = typeof classes === "number" ? classes : Array.isArray(classes) ? classes.length : undefined;
  if (!Number.isSafeInteger(size) || (size as number) < 1 || (size as number) > 10_000) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected class names or a number of classes from 1 to 10000, got ${describe(classes)}`,
    );
  }
  return typeof classes === "number" ? Array.from({ length: classes }, (_, id) => String(id)) : [...classes];
}
