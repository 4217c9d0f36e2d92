/**
 * Calls that would succeed, but for one argument or two at the edges of what their types allow: they get past the
 * checks of shapes and dtypes that stop most random calls, into the kernels.
 */
import { op } from "../../lib/tensor/operators";
import type { Tensor } from "../../lib/tensor/tensor";
import { DTYPES } from "../../lib/tensor/dtype";
import { allCases } from "../../test/support/operators/all-cases";
import { build, type Case, type CaseArgument, type TensorData, toTensor } from "../../test/support/operators/case";
import type { Operator } from "../../test/support/operators/schemas";
import type { Call } from "./call";
import { exercise } from "./exercise";
import type { Random } from "./random";
import { WORDS } from "./values";

interface Good {
  readonly operator: Operator;
  readonly example: Case;
}

/** Inputs that fit, of every operator for which the tests generate any. */
export function goodCalls(): readonly Good[] {
  return [...allCases().values()].flatMap(({ operator, cases }) => cases.map((example) => ({ operator, example })));
}

const INTEGERS = [
  0,
  1,
  -1,
  -2,
  7,
  100,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  1 - 2 ** 53,
] as const;
const NUMBERS = [
  0,
  -0,
  0.5,
  -1,
  -0.5,
  1e-45,
  1e-310,
  1e38,
  1e300,
  -1e300,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31,
  ...INTEGERS,
] as const;
/** What an element becomes: the lowest and last integers of every dtype among them. */
const ELEMENTS = [
  0,
  -1,
  1,
  3,
  127,
  -128,
  255,
  32767,
  -32768,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 53 - 1,
  1e30,
  -1e30,
  0.5,
  NaN,
  Infinity,
  -Infinity,
] as const;
const LOWEST = { int8: -128, int16: -32768, int32: -(2 ** 31), int64: -(2n ** 63n) } as const;
const SHAPES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [2, 0],
  [0, 3],
  [2, 2],
  [3, 3],
  [1, 2, 3],
  [2, 2, 2, 2],
  [1, 1, 1, 1, 1],
];

/** Not sizes for which an operator runs for minutes within the limit of memory, as it should. */
const bearable = (value: number | bigint): number | bigint =>
  value === 2 ** 31 - 1 || value === 2 ** 31 ? 2 ** 16 : value;

function spoiledTensor(random: Random, data: TensorData): Tensor {
  const call = (name: string, args: readonly unknown[]): Tensor => op(name, args) as Tensor;
  const tensor = toTensor(data);
  switch (random.below(8)) {
    case 0:
      return toTensor({ ...data, shape: [0, ...data.shape], values: [], layout: "contiguous" });
    case 1:
      return tensor.to(random.pick(DTYPES));
    case 2:
      return call("resize", [tensor.clone(), random.pick(SHAPES)]);
    case 3:
      return call("unsqueeze", [tensor, random.pick([0, -1])]);
    case 4:
      return call("expand", [tensor, [random.pick([0, 2, 300]), ...tensor.shape]]);
    case 5: {
      const { dtype } = tensor;
      return dtype in LOWEST
        ? call("fill", [tensor, LOWEST[dtype as keyof typeof LOWEST]])
        : call("fill", [tensor, random.pick(NUMBERS)]);
    }
    default: {
      if (data.values.length === 0) return tensor;
      const values = [...data.values];
      values[random.below(values.length)] = random.pick(ELEMENTS);
      return call("to.dtype", [
        toTensor({ ...data, tensor: data.tensor.startsWith("complex") ? data.tensor : "float64", values }),
        data.tensor,
      ]);
    }
  }
}

function spoiled(random: Random, argument: CaseArgument): unknown {
  if (typeof argument === "number") {
    return bearable(random.pick(Number.isInteger(argument) && random.chance(70) ? INTEGERS : NUMBERS));
  }
  if (typeof argument === "boolean") return !argument;
  if (typeof argument === "string") return random.pick(WORDS);
  if (argument === null) return random.pick([0, -1, [0], [1, 1], true, "mean", 2n ** 63n - 1n]);
  if ("tensor" in argument) return spoiledTensor(random, argument);
  if ("dtype" in argument) return random.pick(DTYPES);
  const list = argument.map((item) => build(item, toTensor));
  if (list.length === 0) return [random.pick(INTEGERS)];
  const at = random.below(list.length);
  if (random.chance(20)) return random.chance(50) ? list.slice(1) : [...list, list[at]];
  list[at] = spoiled(random, argument[at] ?? null);
  return list;
}

/** A keyword that the example leaves at its default. */
function furtherKeyword(random: Random, { operator, example }: Good): Readonly<Record<string, unknown>> {
  const open = operator.arguments
    .slice(example.args.length)
    .filter(({ name, base }) => !(name in example.named) && base !== "Tensor" && base !== "Generator");
  if (open.length === 0) return {};
  const { name, base, list } = random.pick(open);
  const one = (): unknown => {
    if (base === "bool") return random.chance(50);
    if (base === "str") return random.pick(WORDS);
    if (base === "ScalarType") return random.pick(DTYPES);
    return bearable(random.pick(base === "int" || base === "SymInt" ? INTEGERS : NUMBERS));
  };
  return { [name]: list ? random.list(0, 3, one) : one() };
}

export function spoiledCall(random: Random, goods: readonly Good[]): Call {
  const good = random.pick(goods);
  const { operator, args, named } = good.example;
  const keywords = Object.entries(named);
  const total = args.length + keywords.length;
  const bad = new Set(random.list(1, 2, () => random.below(Math.max(total, 1))));
  const make = (argument: CaseArgument, index: number): unknown =>
    bad.has(index) ? spoiled(random, argument) : build(argument, toTensor);
  const further = random.chance(30) ? furtherKeyword(random, good) : {};
  if (Object.keys(further).length > 0) bad.clear(); // the rest stays as it is
  const positional = args.map((argument, index) => make(argument, index));
  const all = {
    ...Object.fromEntries(keywords.map(([name, argument], index) => [name, make(argument, args.length + index)])),
    ...further,
  };
  return { what: operator, args: [...positional, all], run: () => exercise(random, op(operator, positional, all)) };
}
