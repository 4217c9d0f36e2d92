/** Parameters by their names. */
import { describe, TorchwrightError } from "../../errors";

/** A regular expression that finds the name, or the whole name with `*` for anything: `bert.embeddings.*`. */
export type NamePattern = string | RegExp;

/** Whether a parameter's name fits one of the patterns. */
export function matcherOf(patterns: readonly NamePattern[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) =>
    typeof pattern === "string" ? wildcard(pattern) : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")),
  );
  return (name) => expressions.some((expression) => expression.test(name));
}

function wildcard(pattern: string): RegExp {
  const literals = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`);
}

export function isNamePattern(value: unknown): boolean {
  return value instanceof RegExp || (typeof value === "string" && value !== "");
}

/** Patterns that fit nothing are mistakes. Throws ERR_INVALID_ARG naming the option and the first of them. */
export function checkPatterns(option: string, patterns: readonly NamePattern[], names: readonly string[]): void {
  const idle = patterns.find((pattern) => !names.some(matcherOf([pattern])));
  if (idle === undefined) return;
  const shown = names.slice(0, 5).join(", ");
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `Trainer: expected ${option} to fit names of parameters, as ${shown}, …; got ${idle instanceof RegExp ? String(idle) : describe(idle)}, which fits none`,
  );
}
