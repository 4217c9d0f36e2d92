/** Every operator's cases, with a digest that tells whether stored results were computed for these very cases. */
import { createHash } from "node:crypto";
import type { Case } from "./case";
import { casesOf } from "./cases";
import { NOT_COMPARED } from "./left-out";
import type { Operator } from "./schemas";
import { publicOperators } from "./schemas";

export interface OperatorCases {
  readonly operator: Operator;
  readonly digest: string;
  readonly cases: readonly Case[];
}

/** By qualified name; without those that are not to be tried, and those for which no input can be generated. */
export function allCases(): Map<string, OperatorCases> {
  const untried = new Set(NOT_COMPARED.flatMap(({ untried, operators }) => (untried ? operators : [])));
  const operators = publicOperators();
  const found = new Map<string, OperatorCases>();
  for (const operator of operators) {
    if (untried.has(operator.base)) continue;
    const cases = casesOf(operator, operators);
    if (cases.length === 0) continue;
    const digest = createHash("sha256").update(JSON.stringify(cases)).digest("hex").slice(0, 12);
    found.set(operator.qualified, { operator, digest, cases });
  }
  return found;
}
