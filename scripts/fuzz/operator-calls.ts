/** Calls of random operators, with arguments mostly of the kinds that their schemas ask for. */
import { DTYPES } from "../../lib/tensor/dtype";
import { native } from "../../lib/native/load";
import { nativeInContext } from "../../lib/tensor/context";
import { decodeResult, encodeArguments, op } from "../../lib/tensor/operators";
import type { Argument, Schema } from "../generate/schema";
import { parseSchema } from "../generate/schema";
import type { Call } from "./call";
import { exercise } from "./exercise";
import type { Random } from "./random";
import { makeTensor } from "./tensors";
import type { Family } from "./tensors";
import { anything, float, integer, scalar, WORDS } from "./values";

export interface Target {
  /** Name with overload. */
  readonly name: string;
  /** Number for the addon. */
  readonly number: number;
  readonly schema: Schema;
}

/** Every overload that JavaScript may call, in a fixed order. */
export function callableOperators(): readonly Target[] {
  const targets: Target[] = [];
  for (const text of native().schemas()) {
    const schema = parseSchema(text);
    if (!schema || schema.name.startsWith("_")) continue;
    const name = schema.overload === "" ? schema.name : `${schema.name}.${schema.overload}`;
    try {
      // Without an overload a name stands for all of them; all but one then never are the first choice.
      targets.push({ name, number: native().operator(name, false), schema });
    } catch {
      // refused, or without an overload for JavaScript: what "operator" with any name gives is tried elsewhere
    }
  }
  return targets;
}

/**
 * Not 2^31 and the like: `randperm` of so many bfloat16 fits the memory limit, and takes longer than the time limit.
 */
function bearable(count: unknown): unknown {
  return typeof count === "number" && count > 2 ** 24 && count < 2 ** 40 ? 2 ** 24 : count;
}

function plainValue(random: Random, { base, name }: Argument, family: Family): unknown {
  switch (base) {
    case "Tensor":
      return makeTensor(random, family);
    case "int":
    case "SymInt":
      // A size or index that fits is what takes a call into the kernel.
      if (/dim|axis/.test(name)) return random.between(-2, 3);
      return name === "n" ? bearable(integer(random)) : integer(random);
    case "float":
      return float(random);
    case "bool":
      return random.chance(50);
    case "Scalar":
    case "number":
      return scalar(random);
    case "ScalarType":
      return random.pick(DTYPES);
    case "Device":
      return random.pick(["cpu", "cpu", "cpu", "meta", "cuda"]);
    case "Layout":
      return "strided";
    case "MemoryFormat":
      return random.pick(["contiguous", "preserve", "channels_last", "channels_last_3d"]);
    case "str":
      return random.pick(WORDS);
    default:
      return random.chance(80) ? undefined : anything(random);
  }
}

function argumentFor(random: Random, argument: Argument, family: Family): unknown {
  if (random.chance(3)) return anything(random);
  if (argument.optional && random.chance(45)) return undefined;
  if (!argument.list) return plainValue(random, argument, family);
  const element = { ...argument, list: false };
  const make = (): unknown =>
    argument.optionalElement && random.chance(30) ? undefined : plainValue(random, element, family);
  if (argument.base === "Tensor") return random.list(0, 4, make);
  const { size } = argument;
  if (size !== undefined && random.chance(60)) return random.chance(30) ? make() : random.list(size, size, make);
  // The family's own sizes, as view, expand or a factory would get them.
  if (/size|shape/.test(argument.name) && random.chance(50)) return family.shape;
  return random.list(0, 4, make);
}

/** A call of one operator; straight at the addon, or through the library. */
export function operatorCall(random: Random, targets: readonly Target[], family: Family): Call {
  const { name, number, schema } = random.pick(targets);
  const positional: unknown[] = [];
  const named: Record<string, unknown> = {};
  let byName = false;
  for (const argument of schema.arguments) {
    const leave = argument.hasDefault && random.chance(50);
    byName ||= argument.keyword || (leave && !argument.keyword);
    if (leave) continue;
    const value = argumentFor(random, argument, family);
    if (byName) named[argument.name] = value;
    else positional.push(value);
  }
  if (random.chance(2)) positional.splice(random.below(positional.length + 1), random.below(2), anything(random));
  if (random.chance(60)) {
    return {
      what: name,
      args: [...positional, named],
      run: () => exercise(random, op(name, positional, byName ? named : undefined)),
    };
  }
  const kinds = random.chance(3) ? random.pick([0, 1, 5, 2 ** 52 - 1, 2 ** 60, -1, 0.5, NaN]) : undefined;
  return {
    what: `native ${name}`,
    args: [...positional, named, ...(kinds === undefined ? [] : [`kinds ${kinds}`])],
    run() {
      const encoded = encodeArguments(positional, named);
      const result = nativeInContext().call(number, kinds ?? encoded.kinds, encoded.names, ...encoded.values);
      return exercise(random, result === null ? positional[0] : decodeResult(result));
    },
  };
}
