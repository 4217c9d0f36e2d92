/**
 * Writes `lib/tensor/operators.generated.ts`: TypeScript signatures of ATen's operators and the table of
 * those that are methods. Types and a table are generated; behaviour is one function.
 *
 * The signatures come from the addon's own dump of libtorch's registry, joined with libtorch's
 * `native_functions.yaml`, which alone knows what PyTorch offers as a method.
 *
 * `npm run generate` writes the file; `npm run generate -- --check` fails when it is stale.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { libtorchInfo, native } from "../lib/native/load";
import type { Argument, Schema } from "./generate/schema";
import { parseSchema } from "./generate/schema";

const OUTPUT = path.join(__dirname, "..", "lib", "tensor", "operators.generated.ts");

/** Members that the Tensor class writes itself. */
const OWN_MEMBERS = new Set(["item", "numel", "backward", "data", "isLeaf", "names", "rename", "rename_", "refineNames", "requiresGrad_", "to"]);

/** Types that JavaScript has a form for. */
const TYPES: Readonly<Record<string, string>> = {
  Tensor: "Tensor",
  int: "number | bigint",
  SymInt: "number | bigint",
  float: "number",
  bool: "boolean",
  str: "string",
  Scalar: "Scalar",
  number: "Scalar",
  ScalarType: "DType",
  Device: "string",
  Layout: '"strided"',
  MemoryFormat: "MemoryFormat",
};

const RETURNS: Readonly<Record<string, string>> = {
  Tensor: "Tensor",
  int: "number",
  SymInt: "number",
  float: "number",
  bool: "boolean",
  Scalar: "Scalar",
  number: "Scalar",
  ScalarType: "number",
  Device: "string",
};

function camelCase(name: string): string {
  const tail = name.endsWith("_") ? "_" : "";
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase()).replace(/_$/, "") + tail;
}

/** The TypeScript type of an argument, or undefined where there is none. */
function argumentType({ base, list, optional, optionalElement, size }: Argument): string | undefined {
  const type = TYPES[base];
  if (type === undefined) return undefined;
  const element = optionalElement ? `(${type} | null | undefined)` : type.includes("|") ? `(${type})` : type;
  let result = list ? `readonly ${element}[]` : type;
  if (list && size !== undefined && base !== "Tensor") result = `${type} | ${result}`;
  return optional ? `${result} | null` : result;
}

function returnType(returns: Schema["returns"]): string | undefined {
  const one = ({ base, list, optional }: Argument): string | undefined => {
    const type = RETURNS[base];
    if (type === undefined) return undefined;
    return (list ? `${type.includes("|") ? `(${type})` : type}[]` : type) + (optional ? " | undefined" : "");
  };
  if (returns.length === 0) return "void";
  if (returns.length === 1 && returns[0]) return one(returns[0]);
  const parts = returns.map((item) => ({ name: camelCase(item.name), type: one(item) }));
  if (parts.some(({ type }) => type === undefined)) return undefined;
  const named = parts.every(({ name }) => name !== "");
  return `[${parts.map(({ name, type }) => (named ? `${name}: ${type}` : type)).join(", ")}]`;
}

/** A name that may stand as a parameter. */
function parameterName(name: string): string {
  const camel = camelCase(name);
  return ["function", "default", "new", "class", "var", "in"].includes(camel) ? `${camel}_` : camel;
}

/** One or two signatures: options after positional arguments, and all that is optional as options. */
function signatures(schema: Schema, method: boolean): string[] | undefined {
  const result = returnType(schema.returns);
  if (result === undefined) return undefined;
  const required: string[] = [];
  const optional: string[] = [];
  const keywords: string[] = [];
  const options: string[] = [];
  for (const argument of method ? schema.arguments.slice(1) : schema.arguments) {
    const type = argumentType(argument);
    const mayBeOmitted = argument.hasDefault || argument.optional;
    if (type === undefined) {
      if (!mayBeOmitted) return undefined;
      // Positions after a hole cannot be reached; names can.
      argument.keyword = true;
      continue;
    }
    if (argument.keyword) {
      keywords.push(`${camelCase(argument.name)}${mayBeOmitted ? "?" : ""}: ${type}`);
      if (mayBeOmitted) options.push(`${camelCase(argument.name)}?: ${type}`);
    } else if (mayBeOmitted) {
      optional.push(`${parameterName(argument.name)}?: ${type}`);
      options.push(`${camelCase(argument.name)}?: ${type}`);
    } else {
      required.push(`${parameterName(argument.name)}: ${type}`);
    }
  }
  const mandatoryKeyword = keywords.some((keyword) => !keyword.split(":")[0]?.endsWith("?"));
  const trailing = keywords.length === 0 ? [] : [`options${mandatoryKeyword ? "" : "?"}: { ${keywords.join("; ")} }`];
  const lines = [`(${[...required, ...(mandatoryKeyword ? [] : optional), ...trailing].join(", ")}): ${result};`];
  if (optional.length > 0 && !mandatoryKeyword) lines.push(`(${[...required, `options: { ${options.join("; ")} }`].join(", ")}): ${result};`);
  return lines;
}

/** Why an overload has no signature, or undefined where it should have one. */
function exclusion({ name, overload, arguments: args }: Schema): string | undefined {
  if (name.startsWith("_")) return "private";
  if (name.includes("_backward")) return "helper of autograd";
  if (/imname/.test(overload) || overload.startsWith("names")) return "named dimensions";
  if (args.some(({ keyword, writes }) => keyword && writes)) return "writes to out=";
  return undefined;
}

/** Operators that `native_functions.yaml` offers as methods, `add.Tensor`. */
function methodOverloads(libtorch: string): ReadonlySet<string> {
  const file = path.join(libtorch, "..", "torchgen", "packaged", "ATen", "native", "native_functions.yaml");
  if (!existsSync(file)) {
    throw new Error(`generate: expected ${file}; the torch wheel has it, the libtorch archive has not`);
  }
  const methods = new Set<string>();
  let current = "";
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const start = /^- func: ([\w.]+)\(/.exec(line);
    if (start) current = start[1] ?? "";
    if (/^\s+variants:.*\bmethod\b/.test(line)) methods.add(current);
  }
  return methods;
}

function generate(): string {
  const isMethod = methodOverloads(libtorchInfo().root);
  const functions = new Map<string, { docs: string[]; lines: string[] }>();
  const methods = new Map<string, { operator: string; docs: string[]; lines: string[] }>();
  const excluded = new Map<string, number>();
  for (const text of native().schemas()) {
    const schema = parseSchema(text);
    const reason = schema ? exclusion(schema) : "not parsed";
    if (!schema || reason) {
      excluded.set(reason ?? "", (excluded.get(reason ?? "") ?? 0) + 1);
      continue;
    }
    const asFunction = signatures(schema, false);
    if (!asFunction) {
      excluded.set("a type without a JavaScript form", (excluded.get("a type without a JavaScript form") ?? 0) + 1);
      continue;
    }
    const name = camelCase(schema.name);
    const doc = text.replace(/\*\//g, "* /");
    const entry = functions.get(name) ?? { docs: [], lines: [] };
    entry.docs.push(doc);
    entry.lines.push(...asFunction);
    functions.set(name, entry);
    const qualified = schema.overload ? `${schema.name}.${schema.overload}` : schema.name;
    if (!isMethod.has(qualified) || schema.arguments[0]?.name !== "self" || OWN_MEMBERS.has(name)) continue;
    const method = methods.get(name) ?? { operator: schema.name, docs: [], lines: [] };
    method.docs.push(doc);
    method.lines.push(...(signatures(schema, true) ?? []));
    methods.set(name, method);
  }
  const render = ([name, { docs, lines }]: readonly [string, { docs: string[]; lines: string[] }]): string =>
    `  /**\n${docs.map((doc) => `   * \`${doc}\``).join("\n")}\n   */\n` +
    [...new Set(lines)].map((line) => `  ${name}${line}\n`).join("");
  const reasons = [...excluded].sort(([a], [b]) => a.localeCompare(b)).map(([reason, count]) => ` *   ${reason}: ${count}`);
  return `/**
 * Signatures of ATen's operators. Generated by \`npm run generate\` from libtorch ${libtorchInfo().version.replace(/\+.*/, "")}; do not edit.
 *
 * ${functions.size} functions, ${methods.size} methods. Overloads left out, by reason:
${reasons.join("\n")}
 */
/* eslint-disable */
import type { DType } from "./dtype";
import type { Tensor } from "./tensor";

/** A number, bigint or boolean as an operator's scalar: integral numbers are ints. */
export type Scalar = number | bigint | boolean;

/** How a tensor's elements lie in memory. */
export type MemoryFormat = "contiguous" | "preserve" | "channels_last" | "channels_last_3d";

/** Operators as functions: \`ops.softmax(x, -1)\`. */
export interface OperatorFunctions {
${[...functions].map(render).join("")}}

/** Operators as methods: \`x.softmax(-1)\`. */
export interface TensorMethods {
${[...methods].map(([name, method]) => render([name, method])).join("")}}

/** Method and operator names, one pair per line. */
export const METHODS: readonly (readonly [string, string])[] = ${JSON.stringify([...methods].map(([name, { operator }]) => [name, operator])).replaceAll("],[", "],\n[")};

/** Function and operator names. */
export const FUNCTIONS: readonly (readonly [string, string])[] = ${JSON.stringify(
    [...functions].map(([name, { docs }]) => [name, /^aten::(\w+)/.exec(docs[0] ?? "")?.[1] ?? name]),
  ).replaceAll("],[", "],\n[")};
`;
}

const text = generate();
if (process.argv.includes("--check")) {
  if (!existsSync(OUTPUT) || readFileSync(OUTPUT, "utf8") !== text) {
    console.error("lib/tensor/operators.generated.ts is stale: run `npm run generate`");
    process.exitCode = 1;
  }
} else {
  writeFileSync(OUTPUT, text);
  console.log(`wrote ${path.relative(process.cwd(), OUTPUT)}`);
}
