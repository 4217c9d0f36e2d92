/** TypeScript signatures of an operator's overload, from its schema. */
import type { Argument, Schema } from "./schema";
import { camelCase } from "./schema";

/** Types of arguments that JavaScript has a form for; the names are declared in the generated file. */
const TYPES: Readonly<Record<string, string>> = {
  Tensor: "Tensor",
  int: "Int",
  SymInt: "Int",
  float: "number",
  bool: "boolean",
  str: "string",
  Scalar: "Scalar",
  number: "Scalar",
  ScalarType: "DType",
  Device: "string",
  Layout: "Layout",
  MemoryFormat: "MemoryFormat",
  Generator: "Generator",
};

/** Types of results. */
const RESULTS: Readonly<Record<string, string>> = {
  Tensor: "Tensor",
  int: "number",
  SymInt: "number",
  float: "number",
  bool: "boolean",
  SymBool: "boolean",
  Scalar: "Scalar",
  number: "Scalar",
  ScalarType: "DType",
  Device: "string",
};

/** Ints that PyTorch names; `binding/src/enums.cc` reads the names. */
const NAMED_INTS: readonly { readonly argument: string; readonly operators: string; readonly type: string }[] = [
  { argument: "reduction", operators: "", type: "Reduction" },
  { argument: "interpolation_mode", operators: "", type: '"bilinear" | "nearest" | "bicubic" | 0 | 1 | 2' },
  { argument: "padding_mode", operators: "", type: '"zeros" | "border" | "reflection" | 0 | 1 | 2' },
  { argument: "mode", operators: "embedding_bag", type: '"sum" | "mean" | "max" | 0 | 1 | 2' },
];

/** Words that TypeScript keeps for itself. */
const RESERVED = new Set(["function", "default", "new", "class", "var", "in"]);

/** One call signature. */
export interface Signature {
  /** Parameters in order, `dim?: Int`. */
  readonly positional: readonly string[];
  /** Members of the trailing object, `keepdim?: boolean`. */
  readonly options: readonly string[];
  /** Whether the trailing object may be left out. */
  readonly optionsOmissible: boolean;
  readonly result: string;
}

/** Why a schema has no JavaScript form, or undefined where it has one. */
export function missingForm({ arguments: args, returns }: Schema): string | undefined {
  const takes = args.find((argument) => TYPES[argument.base] === undefined && !mayBeOmitted(argument));
  if (takes) return `takes a ${takes.base}, which has no form in JavaScript`;
  const gives = returns.find(({ base }) => RESULTS[base] === undefined);
  return gives && `gives a ${gives.base}, which has no form in JavaScript`;
}

function mayBeOmitted({ hasDefault, optional }: Argument): boolean {
  return hasDefault || optional;
}

function argumentType(
  { name, base, list, optional, optionalElement, size }: Argument,
  operator: string,
): string | undefined {
  const named =
    base === "int" && !list
      ? NAMED_INTS.find(({ argument, operators }) => argument === name && operator.startsWith(operators))
      : undefined;
  const type = named?.type ?? TYPES[base];
  if (type === undefined) return undefined;
  const element = optionalElement ? `(${type} | null | undefined)` : type;
  let result = list ? `readonly ${element}[]` : type;
  if (list && size !== undefined && base !== "Tensor") result = `${type} | ${result}`;
  return optional ? `${result} | null` : result;
}

function resultType(returns: Schema["returns"]): string {
  const one = ({ base, list, optional }: Argument): string =>
    `${RESULTS[base] ?? "never"}${list ? "[]" : ""}${optional ? " | undefined" : ""}`;
  if (returns.length === 0) return "void";
  if (returns.length === 1 && returns[0]) return one(returns[0]);
  const named = returns.every(({ name }) => name !== "");
  return `[${returns.map((item) => (named ? `${label(item.name)}: ${one(item)}` : one(item))).join(", ")}]`;
}

/** A name that may stand as a parameter or label. */
function label(name: string): string {
  const camel = camelCase(name);
  return RESERVED.has(camel) ? `${camel}_` : camel;
}

/** An argument by its place and by its name. */
interface Form {
  readonly parameter: string;
  readonly option: string;
}

/**
 * The signatures of an overload: arguments in order with keyword arguments after them; and, as in Python, any number of
 * those that may be left out by name instead. `self` is the position of the argument that a method's tensor stands for.
 */
export function signatures(schema: Schema, self?: number): Signature[] {
  const required: Form[] = [];
  let optional: Form[] = [];
  const keywords: string[] = [];
  let mandatory = false;
  let hole = false;
  schema.arguments.forEach((argument, index) => {
    if (index === self) return;
    const type = argumentType(argument, schema.name);
    if (type === undefined) {
      hole = true; // positions after it cannot be reached; names can
      return;
    }
    // One number to `random` is the end, not the beginning: as in Python, `to` is given beside `from`, if only as null.
    const omissible = mayBeOmitted(argument) && !(/^random_?$/.test(schema.name) && argument.name === "to");
    const option = `${camelCase(argument.name)}${omissible ? "?" : ""}: ${type}`;
    const form = { parameter: `${label(argument.name)}${omissible ? "?" : ""}: ${type}`, option };
    if (argument.keyword || hole) {
      keywords.push(option);
      mandatory ||= !omissible;
    } else if (omissible) {
      optional.push(form);
    } else {
      // `Tensor? bias` without a default may stand before an argument that is required.
      const before = optional.map((one) => ({ ...one, parameter: `${one.parameter.replace("?:", ":")} | undefined` }));
      required.push(...before, form);
      optional = [];
    }
  });
  const result = resultType(schema.returns);
  const byName = (given: number): Signature => ({
    positional: [
      ...required.map(({ parameter }) => parameter),
      ...optional.slice(0, given).map(({ parameter }) => parameter.replace("?:", ":")),
    ],
    options: [...optional.slice(given).map(({ option }) => option), ...keywords],
    optionsOmissible: false,
    result,
  });
  // `x.max({ dim: 0 })`: what is no tensor may have its name even where it cannot be left out.
  const tensors = required.findIndex(({ option }) => !/^\w+\??: (readonly )?\(?Tensor\b/.test(option));
  const named: Signature = {
    positional: required.slice(0, tensors).map(({ parameter }) => parameter),
    options: [...required.slice(tensors), ...optional].map(({ option }) => option).concat(keywords),
    optionsOmissible: false,
    result,
  };
  const mixed = [...(tensors < 0 ? [] : [named]), ...optional.map((_, given) => byName(given))];
  if (mandatory) return [...mixed, byName(optional.length)];
  const inOrder = {
    positional: [...required, ...optional].map(({ parameter }) => parameter),
    options: keywords,
    optionsOmissible: true,
    result,
  };
  return [inOrder, ...mixed];
}

/**
 * Leaves out each signature that another one covers: same parameters and result, and at least its options, of which no
 * more have to be given.
 */
export function withoutCovered(all: readonly Signature[]): Signature[] {
  const head = ({ positional, result }: Signature): string => [...positional, result].join();
  const covers = (a: Signature, b: Signature): boolean =>
    head(a) === head(b) &&
    b.options.every((option) => a.options.includes(option)) &&
    a.options.every((option) => /^\w+\?:/.test(option) || b.options.includes(option)) &&
    (a.optionsOmissible || !b.optionsOmissible);
  return all.filter(
    (one, index) => !all.some((other, at) => at !== index && covers(other, one) && (at < index || !covers(one, other))),
  );
}

/** `(self: Tensor, dim: Int, options?: { keepdim?: boolean }): Tensor;` */
export function writeSignature({ positional, options, optionsOmissible, result }: Signature): string {
  const trailing = options.length === 0 ? [] : [`options${optionsOmissible ? "?" : ""}: { ${options.join("; ")} }`];
  return `(${[...positional, ...trailing].join(", ")}): ${result};`;
}

/**
 * Fails for an argument whose camelCase name, turned back, would not be the schema's: it could not be given by name.
 *
 * @throws Error
 */
export function checkNames(schema: Schema): void {
  for (const argument of schema.arguments) {
    if (!mayBeOmitted(argument) && !argument.keyword) continue;
    const back = camelCase(argument.name).replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (back !== argument.name) {
      throw new Error(`generate: ${schema.text}: ${argument.name} cannot be written in camelCase`);
    }
  }
}
