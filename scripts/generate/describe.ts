/** A one-line description, without links, for each operator: PyTorch's first sentence, or one made from the schema. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { OWN_DESCRIPTIONS } from "./own-descriptions";
import type { Schema } from "./schema";
import { camelCase } from "./schema";

/** What `descriptions.json` holds. */
export interface Documented {
  /** The version of PyTorch that the sentences come from. */
  readonly torch: string;
  readonly descriptions: Readonly<Record<string, string>>;
}

export function readDescriptions(): Documented {
  return JSON.parse(readFileSync(path.join(__dirname, "descriptions.json"), "utf8")) as Documented;
}

/** Describes the operator of these overloads; `names` are all operators' names. */
export function describeOperator(
  [schema]: readonly [Schema, ...Schema[]],
  names: ReadonlySet<string>,
  { descriptions }: Documented,
): string {
  const { name } = schema;
  return OWN_DESCRIPTIONS[name] ?? descriptions[name] ?? related(name, names) ?? composed(schema);
}

/** By the operator that it is a form of. */
function related(name: string, names: ReadonlySet<string>): string | undefined {
  if (name.endsWith("_")) {
    const base = name.slice(0, -1);
    return names.has(base) ? `In-place form of ${camelCase(base)}.` : undefined;
  }
  if (names.has(`${name}_`)) return `Form of ${camelCase(name)}_ that leaves its input as it is.`;
  const viewed = name.replace(/_copy$/, "");
  return viewed !== name && names.has(viewed) ? `As ${camelCase(viewed)}, with a copy in place of a view.` : undefined;
}

/** From the schema alone: what goes in and what comes out. */
function composed({ arguments: args, returns }: Schema): string {
  const needed = args
    .filter(({ hasDefault, optional, base }) => !hasDefault && !optional && base === "Tensor")
    .map(({ name }) => camelCase(name));
  const written = args.filter(({ writes }) => writes).map(({ name }) => camelCase(name));
  const facts: string[] = [];
  if (written.length > 0) facts.push(`changes ${list(written)} in place`);
  if (returns.some(({ aliases, writes }) => aliases && !writes)) facts.push("shares memory with its input");
  if (args.some(({ base }) => base === "Generator")) facts.push("draws random numbers");
  const from = needed.length > 0 ? ` from ${list(needed)}` : "";
  return `Gives ${resultOf(returns)}${from}${facts.map((fact) => `; ${fact}`).join("")}.`;
}

function resultOf(returns: Schema["returns"]): string {
  const [first] = returns;
  if (!first) return "nothing";
  const named = returns.map(({ name }) => camelCase(name)).filter((name) => name !== "");
  if (returns.length > 1) return named.length === returns.length ? list(named) : `${returns.length} results`;
  if (first.list) return "a list of tensors";
  return { Tensor: "a tensor", bool: "true or false", ScalarType: "a dtype" }[first.base] ?? "a number";
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
