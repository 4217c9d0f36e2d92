/**
 * The generator: from an operator's schema and the hints to calls over dtypes, shapes and memory layouts.
 *
 * The same cases go to Python, which stores PyTorch's results, to the comparison with these, and to `gradcheck`.
 */
import type { DType } from "../../../lib/tensor/dtype";
import type { Argument } from "../../../scripts/generate/schema";
import type { Case, CaseArgument, MemoryLayout } from "./case";
import type { Call, Calls } from "./hints/calls";
import { DOMAINS } from "./hints/domains";
import { INDEXING } from "./hints/indexing";
import { MATRICES } from "./hints/matrices";
import { NETWORKS } from "./hints/networks";
import type { HintArgument } from "./hints/values";
import { BY_NAME, BY_OPERATOR, LIST_BY_NAME } from "./hints/values";
import type { Operator } from "./schemas";
import { elements, Wanted } from "./wanted";

const CALLS: Calls = { ...MATRICES, ...NETWORKS, ...INDEXING };

/** Changes every input; a new one asks for new golden files. */
const SEED = "torchwright 1";

const COMPLEX: Partial<Record<DType, DType>> = { float32: "complex64", float64: "complex128" };

interface Variant {
  readonly label: string;
  readonly dtype: DType;
  readonly layout: MemoryLayout;
}

const variant = (dtype: DType, layout: MemoryLayout = "contiguous"): Variant => ({
  label: layout === "contiguous" ? dtype : `${dtype} ${layout}`,
  dtype,
  layout,
});
const DERIVED = [
  variant("float64"),
  variant("float32"),
  variant("float32", "transposed"),
  variant("float64", "strided"),
  variant("bfloat16"),
  variant("float16"),
  variant("int64"),
  variant("bool"),
  variant("complex64"),
];
const WRITTEN = [
  variant("float64"),
  variant("float32", "transposed"),
  variant("float32", "strided"),
  variant("bfloat16"),
  variant("complex64"),
];
/** Shapes of the tensor arguments of a derived call, beside [2, 3] for all of them. */
const SHAPES: readonly (readonly [string, readonly (readonly number[])[]])[] = [
  ["empty", [[0, 3]]],
  ["zero-dim", [[]]],
  ["broadcast", [[2, 3], [3], [2, 1]]],
];

/** Makes data of what a hint wants. `index` counts the tensors, so that each has numbers of its own. */
function resolve(
  argument: HintArgument,
  { dtype, layout }: Variant,
  seed: string,
  counter: { index: number },
): CaseArgument {
  if (argument instanceof Wanted) {
    const own = argument.domain === "complex" ? (COMPLEX[dtype] ?? dtype) : argument.domain === "bool" ? "bool" : dtype;
    const actual = argument.fixed?.dtype ?? (argument.limit !== undefined ? "int64" : own);
    return {
      tensor: actual,
      shape: argument.shape,
      layout,
      values: elements(argument, actual, `${seed} ${counter.index++}`),
    };
  }
  if (Array.isArray(argument)) {
    return argument.map((item: HintArgument) => resolve(item, { label: "", dtype, layout }, seed, counter));
  }
  return argument as CaseArgument;
}

function isKeywords(argument: Call[number] | undefined): argument is Readonly<Record<string, HintArgument>> {
  if (typeof argument !== "object" || argument === null || Array.isArray(argument) || argument instanceof Wanted) {
    return false;
  }
  return !("dtype" in argument && typeof argument.dtype === "string"); // a dtype as an argument of its own
}

function toCase(operator: string, call: Call, kind: Variant, suffix: string): Case {
  const last = call.at(-1);
  const positional = (isKeywords(last) ? call.slice(0, -1) : call) as readonly HintArgument[];
  const keywords = isKeywords(last) ? last : {};
  const label = suffix === "" ? kind.label : `${kind.label} ${suffix}`;
  // The seed knows nothing of dtype and layout: variants of a call compute the same from the same numbers.
  const seed = `${SEED} ${operator.replace(/_(?=\.|$)/, "")} ${suffix}`;
  const counter = { index: 0 };
  const args = positional.map((argument) => resolve(argument, kind, seed, counter));
  const named = Object.fromEntries(
    Object.entries(keywords).map(([name, argument]) => [name, resolve(argument, kind, seed, counter)]),
  );
  return { operator, label, args, named };
}

/** What a required argument that is no tensor is given, or undefined where nothing is known to fit. */
function plainValue(base: string, { name, base: type, list, optional, size }: Argument): HintArgument | undefined {
  const special = BY_OPERATOR[base]?.[name];
  if (special !== undefined && (list ? Array.isArray(special) : !Array.isArray(special))) return special;
  if (list) {
    if (!["int", "SymInt", "float"].includes(type)) return undefined;
    return LIST_BY_NAME[name] ?? (size === undefined ? undefined : Array<number>(size).fill(2));
  }
  const known = BY_NAME[name];
  switch (type) {
    case "int":
    case "SymInt":
      return typeof known === "number" && Number.isInteger(known) ? known : 1;
    case "float":
      return typeof known === "number" ? known : 0.5;
    case "Scalar":
    case "number":
      return typeof known === "number" ? known : 1.5;
    case "bool":
      return known === true;
    case "str":
      return typeof known === "string" ? known : optional ? null : undefined;
    case "ScalarType":
      return { dtype: "float64" };
    default:
      return undefined;
  }
}

/** A call of required arguments only, or undefined where the schema and the hints do not tell one. */
function derive({ base, arguments: args }: Operator, shapes: readonly (readonly number[])[]): Call | undefined {
  const domains = DOMAINS.get(base) ?? ["any"];
  const positional: HintArgument[] = [];
  const keywords: Record<string, HintArgument> = {};
  let tensors = 0;
  const tensor = (): Wanted => {
    const wanted = new Wanted(shapes[tensors % shapes.length] ?? [], domains[Math.min(tensors, domains.length - 1)]);
    tensors++;
    return wanted;
  };
  for (const argument of args) {
    const { name, base: type, list, optional, hasDefault, keyword } = argument;
    const known = BY_OPERATOR[base]?.[name];
    // Defaults are what most calls use; hints by operator win over them.
    if (hasDefault && known === undefined) continue;
    let value: HintArgument | undefined;
    if (type === "Tensor") {
      const fixed = known ?? BY_NAME[name];
      if (list) value = [tensor(), tensor()];
      else if (optional) value = null;
      else value = fixed instanceof Wanted ? fixed : tensor();
    } else {
      value = plainValue(base, argument);
    }
    if (value === undefined) return undefined;
    // A skipped default before this one: the rest goes by name.
    if (keyword || positional.length < args.indexOf(argument)) keywords[name] = value;
    else positional.push(value);
  }
  return Object.keys(keywords).length > 0 ? [...positional, keywords] : positional;
}

/** Calls that the table holds for this overload: its own, or the operator's where this is the first without its own. */
function writtenCalls(operator: Operator, all: readonly Operator[]): readonly Call[] | undefined {
  const key = operator.overload ? `${operator.base}.${operator.overload}` : operator.base;
  const own = operator.overload ? CALLS[key] : undefined;
  if (own) return own;
  const rest = all.filter(
    ({ name, base, overload }) => name === operator.name && CALLS[`${base}.${overload}`] === undefined,
  );
  const main = rest.find(({ overload }) => overload === "") ?? rest[0];
  return main?.qualified === operator.qualified ? CALLS[operator.base] : undefined;
}

/** Every case of an overload; none where no inputs can be generated. */
export function casesOf(operator: Operator, all: readonly Operator[]): Case[] {
  const written = writtenCalls(operator, all);
  if (written) {
    return written.flatMap((call, i) =>
      WRITTEN.map((kind) => toCase(operator.qualified, call, kind, written.length > 1 ? `#${i + 1}` : "")),
    );
  }
  const call = derive(operator, [[2, 3]]);
  if (!call) return [];
  const takesTensors = operator.arguments.some(({ base }) => base === "Tensor");
  if (!takesTensors) return [toCase(operator.qualified, call, { ...variant("float32"), label: "plain" }, "")];
  const shaped = SHAPES.flatMap(([suffix, shapes]) => {
    const other = derive(operator, shapes);
    return other ? [toCase(operator.qualified, other, variant("float64"), suffix)] : [];
  });
  return [...DERIVED.map((kind) => toCase(operator.qualified, call, kind, "")), ...shaped];
}
