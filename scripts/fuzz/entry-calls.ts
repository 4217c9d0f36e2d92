/** Calls of the addon's other entry points, and of the library's own methods around them. */
import type { NativeAddon } from "../../lib/native/addon";
import { native } from "../../lib/native/load";
import { op } from "../../lib/tensor/operators";
import { Tensor } from "../../lib/tensor/tensor";
import { device, dtype, file, flag, handle, handles, method, moduleNumber, names, sizes, SOURCE } from "./arguments";
import type { Make } from "./arguments";
import { AUTOGRAD } from "./autograd-arguments";
import type { Call } from "./call";
import { HOT_PATH } from "./hot-path-arguments";
import type { Random } from "./random";
import { makeTensor } from "./tensors";
import type { Family } from "./tensors";
import { anything, float, integer, Planted, typedArray, WORDS } from "./values";

type Entry = (...args: readonly unknown[]) => unknown;

/** What ends the process, or makes every later call another one. */
const LEFT_OUT = new Set(["initialize", "shutdown", "exitNow"]);

function programSpec(random: Random, family: Family): unknown {
  if (random.chance(5)) return anything(random);
  const count = random.below(4);
  const parameters = Array.from({ length: count }, () => {
    const tensor = makeTensor(random, family);
    if (random.chance(70) && !tensor.disposed && tensor.dtype === "float32" && tensor.isLeaf) {
      tensor.requiresGrad = true;
    }
    if (random.chance(70) && !tensor.disposed && tensor.device === "cpu") {
      try {
        tensor.grad = Tensor.from(Float32Array.from({ length: tensor.numel }), {
          shape: tensor.shape,
          dtype: tensor.dtype,
        });
      } catch {
        // refused, as it should be: without a gradient then
      }
    }
    return tensor.handle;
  });
  const list = (): unknown =>
    random.chance(90) ? Array.from({ length: count }, () => handle(random, family)) : handles(random, family);
  const argument = (): unknown =>
    random.pick<() => unknown>([
      () => ({ list: random.between(-1, 5) }),
      () => ({ list: random.below(2) }),
      () => ({ list: random.below(3) }),
      () => ({ result: random.below(3) }),
      () => ({ tensor: handle(random, family) }),
      () => ({ tensors: handles(random, family) }),
      () => ({ value: random.chance(60) ? float(random) : anything(random) }),
      () => anything(random),
    ])();
  const fused = [
    { list: 0 },
    { list: 1 },
    { list: 2 },
    { list: 3 },
    { list: 4 },
    { list: 5 },
    0.1,
    0.9,
    0.999,
    0.01,
    1e-8,
    false,
    false,
  ];
  const call = (): unknown => ({
    operator: random.pick([
      "_foreach_add_.Scalar",
      "_foreach_mul_.Tensor",
      "_foreach_norm.Scalar",
      "_fused_adamw_",
      "_fused_adamw_",
      "stack",
      "linalg_vector_norm",
      "add.Tensor",
      "zero_",
      "_foreach_zero_",
      "no_such",
      random.pick(WORDS),
    ]),
    args: random.chance(30)
      ? fused.map((value) => (typeof value === "object" ? value : { value }))
      : random.list(0, 6, argument),
  });
  const aligned = random.chance(50) ? [list(), list(), list()] : random.list(0, 3, list);
  return {
    parameters,
    aligned,
    scalars: random.list(0, 2, list),
    calls: random.list(0, 3, call),
    result: random.pick([undefined, 0, 1, 7, -1]),
  };
}

const tensorEntry = (random: Random): unknown =>
  random.chance(5)
    ? anything(random)
    : {
        name: random.pick(["x", "", "y"]),
        dtype: dtype(random),
        shape: random.chance(80) ? random.list(0, 3, () => random.between(0, 4)) : anything(random),
        offset: random.pick([0, 8, 16, 1000, -1, 0.5, 2 ** 40, 2 ** 53]),
        bytes: random.pick([0, 4, 8, 16, 24, 48, 2 ** 40, -4]),
      };

function moduleSpec(random: Random, family: Family, depth = 0): unknown {
  if (random.chance(4)) return anything(random);
  return {
    className: random.pick(["A", "B", "", "a.b", "é", 1]),
    source: random.pick([
      SOURCE,
      "",
      "\ndef forward(self) -> int:\n    return self.n\n",
      "def",
      "\ndef f(self):\n  while True:\n    return 1\n",
      "\0",
      5,
    ]),
    parameters: random.chance(80) ? { weight: handle(random, family) } : anything(random),
    attributes: random.pick([{}, { n: 1 }, { n: "x" }, { n: true }, { n: 1e300 }, { training: 1 }, anything(random)]),
    floats: random.pick([undefined, ["n"], anything(random)]),
    modules:
      depth < 3 && random.chance(40)
        ? random.list(0, 2, () => [random.pick(["a", "b", "", "a.b"]), moduleSpec(random, family, depth + 1)])
        : undefined,
  };
}

/** Arguments of the right kind for the entry points by name; all others get anything. */
const ARGUMENTS: Readonly<Record<string, Make>> = {
  ...AUTOGRAD,
  ...HOT_PATH,
  fromTypedArray: (random, family) => [
    random.chance(90) ? typedArray(random) : anything(random),
    sizes(random, family),
    dtype(random),
    device(random),
  ],
  setRequiresGrad: (random, family) => [handle(random, family), flag(random)],
  grad: (random, family) => [handle(random, family), random.chance(50) ? undefined : handle(random, family)],
  setGrad: (random, family) => [handle(random, family), random.chance(10) ? undefined : handle(random, family)],
  zeroGrad: (random, family) => [handles(random, family), flag(random)],
  queueProgram: (random, family) => [programSpec(random, family)],
  call: (random, family) => [integer(random), integer(random), names(random), handle(random, family), anything(random)],
  operator: (random) => [
    random.chance(70)
      ? random.pick(["add", "add.Tensor", "_fused_adamw_", ".", "add.", "quantized_lstm_cell", ...WORDS])
      : anything(random),
    flag(random),
  ],
  compileModule: (random, family) => [moduleSpec(random, family)],
  loadModule: (random) => [file(random), device(random)],
  // Its own number would be another call's module.
  releaseModule: (random) => [random.pick([2 ** 31, 0, -1, "x", undefined])],
  submodule: (random) => [moduleNumber(random), random.pick(["", "a", "a.b", "weight", ".", "..", ...WORDS])],
  callModule: (random, family) => [
    moduleNumber(random),
    method(random),
    random.pick([1, 1, 1, 0, 2, 5, 65]),
    names(random),
    handle(random, family),
    ...random.list(0, 3, () => (random.chance(60) ? integer(random) : anything(random))),
  ],
  moduleSchema: (random) => [moduleNumber(random), method(random)],
  moduleNames: (random) => [moduleNumber(random)],
  moduleParameters: (random) => [moduleNumber(random)],
  moduleBuffers: (random) => [moduleNumber(random)],
  setTraining: (random) => [moduleNumber(random), flag(random)],
  moveModule: (random) => [moduleNumber(random), random.pick(["cpu", "cpu", "cuda", "x", 1])],
  saveModule: (random) => [moduleNumber(random), file(random)],
  bakedDropout: (random) => [moduleNumber(random)],
  readSafetensors: (random) => [
    file(random),
    random.chance(95) ? random.list(0, 4, () => tensorEntry(random)) : anything(random),
  ],
  writeSafetensors: (random, family) => [
    file(random),
    random.chance(90) ? random.pick(["{}", "", "x".repeat(1000)]) : anything(random),
    handles(random, family),
  ],
  synchronize: (random) => [device(random)],
  manualSeed: (random) => [random.chance(80) ? integer(random) : anything(random)],
  setNumThreads: (random) => [random.chance(70) ? random.pick([1, 2, 3]) : random.pick([0, -1, 1025, 1.5, NaN, "2"])],
};

/** The library's own methods, which check before the addon does. */
const METHODS: Readonly<Record<string, Make>> = {
  "Tensor.from": (random) => [
    random.chance(40) ? typedArray(random) : anything(random),
    random.chance(50)
      ? {}
      : { shape: anything(random), dtype: dtype(random), device: device(random), requiresGrad: flag(random) },
  ],
  to: (random, family) => [
    makeTensor(random, family),
    random.chance(50) ? dtype(random) : { dtype: dtype(random), device: device(random) },
  ],
  backward: (random, family) => [
    makeTensor(random, family),
    random.chance(50) ? undefined : makeTensor(random, family),
    { retainGraph: flag(random), createGraph: flag(random) },
  ],
  requiresGrad: (random, family) => [makeTensor(random, family), flag(random)],
  grad: (random, family) => [
    makeTensor(random, family),
    random.chance(80) ? makeTensor(random, family) : anything(random),
  ],
  registerHook: (random, family) => [
    makeTensor(random, family),
    random.chance(85) ? hook(random, family) : anything(random),
  ],
  item: (random, family) => [makeTensor(random, family)],
  toArray: (random, family) => [makeTensor(random, family)],
  read: (random, family) => [makeTensor(random, family)],
  toString: (random: Random, family: Family) => [makeTensor(random, family)],
};

/** A hook that gives a gradient, another one, none, or trouble. */
function hook(random: Random, family: Family): (gradient: Tensor) => unknown {
  const way = random.below(6);
  return (gradient) => {
    switch (way) {
      case 0:
        return op("mul", [gradient, 2]);
      case 1:
        return makeTensor(random, family);
      case 2:
        throw new Planted("thrown by a hook of the fuzzer");
      case 3:
        gradient.dispose();
        return undefined;
      case 4:
        return anything(random);
      default:
        return undefined;
    }
  };
}

function callMethod(name: string, [first, second, third]: readonly unknown[]): unknown {
  const tensor = first as Tensor;
  switch (name) {
    case "Tensor.from":
      return Tensor.from(first as number, second as object);
    case "to":
      return tensor.to(second as "cpu");
    case "backward":
      return tensor.backward(second as Tensor, third as object);
    case "requiresGrad":
      return (tensor.requiresGrad = second as boolean);
    case "grad":
      tensor.grad = second as Tensor;
      return tensor.grad;
    case "registerHook":
      tensor.registerHook(second as (gradient: Tensor) => Tensor);
      return (op("sum", [op("mul", [tensor, 2])]) as Tensor).backward();
    case "item":
      return tensor.item();
    case "toArray":
      return tensor.toArray();
    case "read":
      return tensor.read();
    default:
      return String(tensor);
  }
}

/** A call of one of the addon's entry points, or of a method of the library. */
export function entryCall(random: Random, family: Family): Call {
  if (random.chance(30)) {
    const [name, make] = random.pick(Object.entries(METHODS));
    const args = make(random, family);
    return { what: name, args, run: () => callMethod(name, args) };
  }
  const addon = native();
  const name = random.pick((Object.keys(addon) as (keyof NativeAddon)[]).filter((key) => !LEFT_OUT.has(key)).sort());
  const make =
    ARGUMENTS[name] ??
    ((): readonly unknown[] => [
      handle(random, family),
      ...random.list(0, 3, () => (random.chance(40) ? handle(random, family) : anything(random))),
    ]);
  const args = make(random, family);
  return { what: `native ${name}`, args, run: () => (addon[name] as Entry)(...args) };
}
