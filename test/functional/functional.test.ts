/** `F` against PyTorch's torch.nn.functional: results, gradients, and the arguments it refuses. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { F } from "../../lib/functional/functional";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { keep, scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import type { NestedArray } from "../../lib/tensor/convert";
import { rejection, thrown } from "../support/rejection";

type Spec = { readonly float?: NestedArray; readonly int64?: NestedArray; readonly bool?: NestedArray };

interface Case {
  readonly f: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  readonly float32: readonly number[];
  readonly float64: readonly number[];
  readonly gradient?: readonly number[];
  readonly seed?: number;
}

const golden = JSON.parse(readFileSync(path.join(__dirname, "../golden/functional.json"), "utf8")) as {
  readonly tensors: readonly Spec[];
  readonly cases: readonly Case[];
};

const functions = F as unknown as Readonly<Record<string, (...args: unknown[]) => Tensor>>;

/** Values that no type allows, as JavaScript programs pass them. */
const anything = (value: unknown): never => value as never;

function argument(value: unknown, dtype: "float32" | "float64"): unknown {
  if (typeof value !== "object" || value === null || !("tensor" in value)) return value;
  const spec = golden.tensors[value.tensor as number] ?? {};
  if (spec.float !== undefined) return Tensor.from(spec.float, { dtype });
  return spec.int64 !== undefined ? Tensor.from(spec.int64, { dtype: "int64" }) : Tensor.from(spec.bool ?? []);
}

/** |x − y| against what the dtype can do, relative where y is large. */
function expectClose(got: ArrayLike<unknown>, expected: readonly number[], limit: number, what: string): void {
  expect(got.length, what).to.equal(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(Number(got[i]) - value), `${what} [${i}]: ${String(got[i])}, PyTorch ${value}`).to.be.at.most(
      limit * Math.max(1, Math.abs(value)),
    );
  });
}

function title({ f, args, options }: Case): string {
  const shown = args.slice(1).filter((value) => typeof value !== "object" || Array.isArray(value));
  return `${f}(${[...shown.map((value) => JSON.stringify(value)), ...Object.keys(options)].join(", ")})`;
}

describe("F gives what torch.nn.functional gives", () => {
  golden.cases.forEach((one, number) => {
    it(`${number + 1}: ${title(one)}`, async () => {
      for (const [dtype, limit] of [
        ["float32", 1e-6],
        ["float64", 1e-12],
      ] as const) {
        await scope(async () => {
          const [input, ...others] = one.args.map((value) => argument(value, dtype)) as [Tensor, ...unknown[]];
          const options = Object.fromEntries(
            Object.entries(one.options).map(([name, value]) => [name, argument(value, dtype)]),
          );
          if (one.gradient) input.requiresGrad = true;
          if (one.seed !== undefined) manualSeed(one.seed);
          const result = functions[one.f]?.(
            input,
            ...others,
            ...(Object.keys(one.options).length > 0 ? [options] : []),
          ) as Tensor;
          expect(result.shape, "shape").to.deep.equal(one.shape);
          expectClose(result.toTypedArray(), one[dtype], limit, dtype);
          if (dtype === "float32" || !one.gradient) return;
          const weights = Tensor.from(
            Float64Array.from({ length: result.numel }, (_, i) => Math.cos(i)),
            { shape: result.shape },
          );
          await result.backward(weights.to(result.dtype));
          expectClose(input.grad?.toTypedArray() ?? [], one.gradient, limit, "gradient");
          keep(input).dispose();
        });
      }
    });
  });

  it("covers every function", () => {
    const covered = new Set(golden.cases.map(({ f }) => f));
    expect(Object.keys(F).filter((name) => !covered.has(name))).to.deep.equal([]);
  });
});

describe("F's arguments", () => {
  it("batchNorm moves the running statistics in training by the momentum, and only then", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 10],
        [3, 30],
      ]);
      const [mean, variance] = [Tensor.from([0, 0]), Tensor.from([1, 1])];
      F.batchNorm(x, mean, variance);
      expect(mean.toArray()).to.deep.equal([0, 0]);
      F.batchNorm(x, mean, variance, { training: true, momentum: 0.5 });
      // Unbiased variances of the columns: 2 and 200.
      expect([mean.toArray(), variance.toArray()]).to.deep.equal([
        [1, 10],
        [1.5, 100.5],
      ]);
      thrown(() => F.batchNorm(x.at([0]), mean, variance, { training: true }), "ERR_INVALID_ARG");
    }));

  it("embedding with paddingIdx gives that row no gradient, and maxNorm rescales the table in place", async () => {
    await scope(async () => {
      const table = Tensor.from(
        [
          [3, 4],
          [1, 0],
          [0, 2],
        ],
        { requiresGrad: true },
      );
      const ids = Tensor.from([0n, 1n, 1n]);
      await F.embedding(ids, table, { paddingIdx: 0 }).sum().backward();
      expect(table.grad?.toArray()).to.deep.equal([
        [0, 0],
        [2, 2],
        [0, 0],
      ]);
      const fixed = Tensor.from([
        [3, 4],
        [1, 0],
        [0, 2],
      ]);
      F.embedding(ids, fixed, { maxNorm: 1 });
      const [[a, b], one, untouched] = fixed.toArray() as [[number, number], number[], number[]];
      expect([a, b]).to.satisfy(
        ([x, y]: number[]) => Math.abs((x ?? 0) - 0.6) < 1e-6 && Math.abs((y ?? 0) - 0.8) < 1e-6,
      );
      expect([one, untouched]).to.deep.equal([
        [1, 0],
        [0, 2],
      ]);
      table.grad = undefined;
    });
  });

  it("of losses may broadcast, with the right gradient for the smaller one; binary ones may not", () =>
    scope(() => {
      const input = Tensor.from(
        [
          [1, 2],
          [3, 5],
        ],
        { requiresGrad: true },
      );
      for (const loss of [F.mseLoss, F.l1Loss, F.smoothL1Loss, F.huberLoss]) {
        const target = Tensor.from([1.5, 2.5], { requiresGrad: true });
        const spread = Tensor.from(
          [
            [1.5, 2.5],
            [1.5, 2.5],
          ],
          { requiresGrad: true },
        );
        loss(input, target).backwardSync();
        loss(input, spread).backwardSync();
        // What the whole target's rows get, the broadcast row gets together.
        expect(target.grad?.toArray()).to.deep.equal(spread.grad?.sum(0).toArray());
      }
      const probabilities = Tensor.from([[0.5], [0.25]]);
      for (const loss of [F.binaryCrossEntropy, F.binaryCrossEntropyWithLogits]) {
        thrown(() => loss(probabilities, Tensor.from([1, 0])), "ERR_SHAPE_MISMATCH");
      }
      input.grad = undefined;
    }));

  it("optional ones go by place, by name, or both; the same twice is refused", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 5],
      ]);
      const weight = Tensor.from([2, 3]);
      const expected = F.layerNorm(x, [2], weight, null, 1e-3).toArray();
      expect(F.layerNorm(x, [2], { weight, eps: 1e-3 }).toArray()).to.deep.equal(expected);
      expect(F.layerNorm(x, [2], ...(anything([weight, { eps: 1e-3 }]) as [Tensor])).toArray()).to.deep.equal(expected);
      thrown(() => F.layerNorm(x, [2], ...(anything([weight, { weight }]) as [Tensor])), "ERR_INVALID_ARG");
      thrown(() => F.elu(x, ...(anything([1, 2]) as [number])), "ERR_INVALID_ARG");
    }));

  it("a name that a function does not have is refused with those it has", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 5],
      ]);
      const { message } = thrown(() => F.crossEntropy(x, x, anything({ label_smoothing: 0.1 })), "ERR_INVALID_ARG");
      expect(message).to.contain("labelSmoothing").and.to.contain('"label_smoothing"');
      thrown(() => F.softmax(x, 0, anything({ dim: 1 })), "ERR_INVALID_ARG");
      thrown(() => F.mseLoss(x, x, anything({ reduction: "avg" })), "ERR_INVALID_ARG");
      thrown(() => F.gelu(x, anything({ approximate: "erf" })), "ERR_INVALID_ARG");
    }));

  it("values that PyTorch refuses are refused, with a code", async () => {
    await scope(async () => {
      const x = Tensor.from([
        [1, 2],
        [3, 5],
      ]);
      const [ids, table] = [Tensor.from([0n, 1n]), ops.ones([2, 3])];
      for (const wrong of [
        () => F.dropout(x, 1.5),
        () => F.dropout(x, -0.1),
        () => F.dropout(x, NaN),
        () => F.tripletMarginLoss(x, x, x, { margin: 0 }),
        () => F.embeddingBag(ids, table),
        () => F.embeddingBag(ids, table, { offsets: ids, mode: "mean", perSampleWeights: ops.ones([2]) }),
        () => F.embeddingBag(ids, table, { offsets: ids, mode: "max", sparse: true }),
        () => F.interpolate(x, { size: 2 }),
        () => F.interpolate(ops.ones([1, 1, 4]), {}),
        () => F.interpolate(ops.ones([1, 1, 4]), { size: 2, scaleFactor: 2 }),
        () => F.interpolate(ops.ones([1, 1, 4]), { size: 2, mode: "bilinear" }),
        () => F.interpolate(ops.ones([1, 1, 4]), { size: 2, alignCorners: true }),
        () => F.interpolate(ops.ones([1, 1, 4]), { size: [2, 2] }),
        () => F.interpolate(ops.ones([1, 1, 4]), { size: 2, antialias: true }),
      ]) {
        thrown(wrong, "ERR_INVALID_ARG");
      }
      thrown(() => F.embedding(Tensor.from([2n]), table), "ERR_OPERATOR_FAILED");
      thrown(() => F.embedding(ids, table, { paddingIdx: 2 }), "ERR_INDEX_OUT_OF_RANGE");
      thrown(() => F.relu(anything(5)), "ERR_OPERATOR_ARGS");
      thrown(() => F.linear(x, ops.ones([2, 3])), "ERR_SHAPE_MISMATCH");
      await rejection(F.relu(x).backward(), "ERR_NO_GRAD_HISTORY");
    });
  });

  it("frees what it makes on the way", () => {
    using x = Tensor.from([
      [1, 2],
      [3, 5],
    ]);
    for (const make of [
      () => F.normalize(x),
      () => F.gumbelSoftmax(x, { hard: true }),
      () => F.klDiv(x, x, { reduction: "batchmean" }),
      () => F.softmin(x, 0),
      () => F.softsign(x),
    ]) {
      make().dispose(); // the suite fails where anything else is left
    }
  });
});
