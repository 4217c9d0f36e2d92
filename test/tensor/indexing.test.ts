/** `at`, `assign` and broadcasting against PyTorch. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { noGrad } from "../../lib/autograd/grad-mode";
import type { NestedArray } from "../../lib/tensor/convert";
import type { DType } from "../../lib/tensor/dtype";
import { ops } from "../../lib/tensor/ops";
import type { TensorIndex } from "../../lib/tensor/read-index";
import { scope } from "../../lib/tensor/scope";
import { slice } from "../../lib/tensor/slice";
import { Tensor } from "../../lib/tensor/tensor";
import { thrown } from "../support/rejection";

interface Entry {
  readonly on: string;
  readonly index: readonly unknown[];
  readonly shape: readonly number[];
  readonly values: NestedArray;
  readonly value: NestedArray;
  readonly error: string;
}

const golden = JSON.parse(readFileSync(path.join(__dirname, "../golden/indexing.json"), "utf8")) as {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly at: readonly Entry[];
  readonly refused: readonly Entry[];
  readonly assign: readonly Entry[];
  readonly notAssigned: readonly Entry[];
  readonly broadcast: readonly {
    readonly shapes: readonly [number[], number[]];
    readonly shape: readonly number[] | null;
  }[];
};

/** Values that no type allows, as JavaScript programs pass them. */
const anything = (value: unknown): never => value as never;

/** 0, 1, 2, … in a shape. */
function made(name: string): Tensor {
  const shape = golden.shapes[name] ?? [];
  const count = shape.reduce((product, size) => product * size, 1);
  return Tensor.from(
    Float32Array.from({ length: count }, (_, i) => i),
    { shape },
  );
}

function place(token: unknown): TensorIndex {
  if (typeof token !== "object" || token === null) return token as TensorIndex;
  const {
    slice: bounds,
    list,
    tensor,
    dtype,
  } = token as { slice?: (number | null)[]; list?: number[]; tensor?: NestedArray; dtype?: DType };
  if (bounds) return slice(bounds[0], bounds[1], bounds[2] ?? 1);
  return list ?? Tensor.from(tensor ?? [], dtype ? { dtype } : {});
}

const shown = ({ on, index }: Entry): string => `${on}${JSON.stringify(index)}`;
const SHAPE_OR_RANGE = /^ERR_(INDEX_OUT_OF_RANGE|SHAPE_MISMATCH|INVALID_ARG)$/;

describe("at", () => {
  for (const entry of golden.at) {
    it(`is PyTorch's: ${shown(entry)}`, () =>
      scope(() => {
        const result = made(entry.on).at(...entry.index.map(place));
        expect(result.shape).to.deep.equal(entry.shape);
        expect(result.toArray()).to.deep.equal(entry.values);
      }));
  }

  for (const entry of golden.refused) {
    it(`refuses what PyTorch refuses with ${entry.error}: ${shown(entry)}`, () =>
      scope(() => {
        const x = made(entry.on);
        expect(() => x.at(...entry.index.map(place)))
          .to.throw()
          .with.property("code")
          .that.matches(SHAPE_OR_RANGE);
      }));
  }

  it("names index, dimension and size of what is out of range", () =>
    scope(() => {
      const x = made("cube");
      expect(thrown(() => x.at(0, 3), "ERR_INDEX_OUT_OF_RANGE").message).to.equal(
        "at: expected an index from -3 to 2 for dimension 1 of size 3, got 3",
      );
      expect(thrown(() => x.at("...", null, -5), "ERR_INDEX_OUT_OF_RANGE").message).to.contain(
        "dimension 2 of size 4, got -5",
      );
      expect(thrown(() => made("empty").at(0), "ERR_INDEX_OUT_OF_RANGE").message).to.contain(
        "dimension 0, which has size 0, got 0",
      );
      expect(thrown(() => x.at(":", [0, 7]), "ERR_INDEX_OUT_OF_RANGE").message)
        .to.contain("index 7")
        .and.to.contain("size 3");
      expect(thrown(() => x.at(0, 0, 0, 0), "ERR_INVALID_ARG").message).to.contain(
        "at most 3 indices for shape [2, 3, 4], got 4",
      );
      expect(thrown(() => x.at(slice(null, null, -1)), "ERR_INVALID_ARG").message)
        .to.contain("positive step, got -1")
        .and.to.contain("flip");
    }));

  it("refuses what is no index", () =>
    scope(() => {
      const x = made("cube");
      for (const wrong of [
        undefined,
        "0",
        "…",
        0.5,
        NaN,
        Infinity,
        2 ** 53,
        {}.constructor,
        Symbol("s"),
        () => 0,
        new Date(),
        { start: 0.5 },
        { begin: 0 },
        { start: 0, end: "1" },
        { step: 0 },
        { step: NaN },
        new Float32Array(1),
        [0.5],
        ["0"],
        Tensor.from([1]),
        Tensor.from(Uint8Array.of(1, 0)),
      ]) {
        thrown(() => x.at(anything(wrong)), "ERR_INVALID_ARG");
        thrown(() => x.assign([anything(wrong)], 1), "ERR_INVALID_ARG");
      }
      thrown(() => x.at([[0], [0, 1]]), "ERR_SHAPE_MISMATCH");
      thrown(() => x.at("...", "..."), "ERR_INVALID_ARG");
    }));

  it("gives views where no tensor is among the indices, and a copy where one is", () =>
    scope(() => {
      const x = made("cube");
      x.at(0, slice(1), null).fill_(9);
      expect(x.at(0).toArray()).to.deep.equal([
        [0, 1, 2, 3],
        [9, 9, 9, 9],
        [9, 9, 9, 9],
      ]);
      x.at([1]).fill_(7);
      expect(x.at(1, 0).toArray()).to.deep.equal([12, 13, 14, 15]);
      x.at().fill_(1);
      expect(x.sum().item()).to.equal(24);
    }));

  it("takes bigints and tensors without dimensions as positions", () =>
    scope(() => {
      const x = made("cube");
      expect(x.at(1n, Tensor.from(-1n), 0).item()).to.equal(20);
      thrown(() => x.at(Tensor.from(2n)), "ERR_INDEX_OUT_OF_RANGE");
    }));

  it("is recorded by autograd", async () => {
    await scope(async () => {
      const x = Tensor.from(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { requiresGrad: true },
      );
      const parts = [x.at(0, -1), x.at(":", slice(0, 2)).sum(), x.at([1, 1], [0, 0]).sum(), x.at(x.gt(5)).sum()];
      await ops.stack(parts).sum().backward();
      expect(x.grad?.toArray()).to.deep.equal([
        [1, 1, 1],
        [3, 1, 1],
      ]);
      x.grad = undefined;
    });
  });

  it("leaves nothing behind, also where it throws", () => {
    using x = made("cube");
    x.at([0], null, slice(1)).dispose();
    x.at(true, 0, ":", [1]).dispose();
    thrown(() => x.at([0], 0, 9), "ERR_INDEX_OUT_OF_RANGE");
    thrown(() => x.at(null, [5]), "ERR_INDEX_OUT_OF_RANGE");
    x.assign([null, [0], slice(1)], 4).assign([0, true], 5);
    thrown(() => x.assign([0], anything("5")), "ERR_INVALID_ARG");
  });
});

describe("assign", () => {
  for (const entry of golden.assign) {
    it(`is PyTorch's: ${shown(entry)} = ${JSON.stringify(entry.value)}`, () =>
      scope(() => {
        const x = made(entry.on);
        const value = Array.isArray(entry.value) ? Tensor.from(entry.value) : (entry.value as number);
        expect(x.assign(entry.index.map(place), value)).to.equal(x);
        expect(x.toArray()).to.deep.equal(entry.values);
      }));
  }

  for (const entry of golden.notAssigned) {
    it(`refuses what PyTorch refuses with ${entry.error}: ${shown(entry)} = ${JSON.stringify(entry.value)}`, () =>
      scope(() => {
        const x = made(entry.on);
        const before = x.toArray();
        const value = Array.isArray(entry.value) ? Tensor.from(entry.value) : (entry.value as number);
        expect(() => x.assign(entry.index.map(place), value))
          .to.throw()
          .with.property("code")
          .that.matches(SHAPE_OR_RANGE);
        expect(x.toArray()).to.deep.equal(before);
      }));
  }

  it("takes one index alone, numbers of every kind, and converts to the tensor's dtype", () =>
    scope(() => {
      const x = Tensor.from([1, 2, 3], { dtype: "int64" });
      x.assign(0, 7n)
        .assign(-1, true)
        .assign(slice(1, 2), Tensor.from([5.9]));
      expect(x.toArray()).to.deep.equal([7n, 5n, 1n]);
      const z = Tensor.from([
        { re: 1, im: 2 },
        { re: 3, im: 4 },
      ]);
      z.assign(0, { re: -1, im: 0.5 }).assign([[1]], 2);
      expect(z.toArray()).to.deep.equal([
        { re: -1, im: 0.5 },
        { re: 2, im: 0 },
      ]);
      thrown(() => x.assign(0, { re: 1, im: 2 }), "ERR_INVALID_ARG");
      const b = Tensor.from([true, true]);
      expect(b.assign(b, false).toArray()).to.deep.equal([false, false]);
    }));

  it("keeps integers exact, and refuses those that are unsafe or out of range", () =>
    scope(() => {
      const [x, u] = [Tensor.from([1n, 2n]), Tensor.from([1n, 2n], { dtype: "uint64" })];
      x.assign(0, 2n ** 62n + 1n).assign([[1]], -(2n ** 63n));
      expect(x.toArray()).to.deep.equal([2n ** 62n + 1n, -(2n ** 63n)]);
      expect(u.assign(1, 2n ** 64n - 1n).toArray()).to.deep.equal([1n, 2n ** 64n - 1n]);
      for (const index of [0, [[0]]] as const) {
        thrown(() => x.assign(index, 2 ** 53), "ERR_INVALID_ARG");
        thrown(() => x.assign(index, 2n ** 63n), "ERR_INVALID_ARG");
        thrown(() => u.assign(index, -1n), "ERR_INVALID_ARG");
        expect(() => Tensor.from([1], { dtype: "int8" }).assign(index, 300))
          .to.throw()
          .with.property("code")
          .that.matches(/^ERR_/);
      }
      expect(
        Tensor.from([1])
          .assign(0, 2 ** 60)
          .item(),
      ).to.equal(2 ** 60);
    }));

  it("on a leaf that requires grad works under noGrad only", () =>
    scope(() => {
      const w = Tensor.from([1, 2, 3], { requiresGrad: true });
      thrown(() => w.assign(0, 5), "ERR_OPERATOR_FAILED");
      thrown(() => w.assign(w.gt(1), 5), "ERR_OPERATOR_FAILED");
      noGrad(() => w.assign(0, 5).assign(w.gt(4), 6));
      expect([w.toArray(), w.requiresGrad, w.isLeaf]).to.deep.equal([[6, 2, 3], true, true]);
    }));

  it("is recorded: the gradient goes to the value, and not to what was overwritten", async () => {
    await scope(async () => {
      const x = Tensor.from([1, 2, 3, 4], { requiresGrad: true });
      const v = Tensor.from([10, 20], { requiresGrad: true });
      const y = x
        .mul(2)
        .assign(slice(0, 2), v)
        .assign([[3]], 0);
      expect(y.toArray()).to.deep.equal([10, 20, 6, 0]);
      await y.mul(y).sum().backward();
      expect([x.grad?.toArray(), v.grad?.toArray()]).to.deep.equal([
        [0, 0, 24, 0],
        [20, 40],
      ]);
      for (const leaf of [x, v]) leaf.grad = undefined;
    });
  });
});

describe("broadcasting", () => {
  for (const {
    shapes: [left, right],
    shape,
  } of golden.broadcast) {
    it(`${JSON.stringify(left)} with ${JSON.stringify(right)} ${shape ? `is ${JSON.stringify(shape)}` : "does not fit, and the error names both"}`, () =>
      scope(() => {
        const [a, b] = [ops.zeros(left), ops.zeros(right)];
        for (const operator of ["add", "mul", "where", "maximum", "eq"] as const) {
          const apply = (): Tensor => (operator === "where" ? ops.where(a.eq(0), a, b) : a[operator](b));
          if (shape) expect(apply().shape, operator).to.deep.equal(shape);
          else {
            const { message } = thrown(apply, "ERR_SHAPE_MISMATCH");
            for (const size of [left, right]) expect(message, operator).to.contain(`[${size.join(", ")}]`);
          }
        }
        // In place only the right side may be stretched.
        const fits = shape !== null && shape.length === left.length && shape.every((size, i) => size === left[i]);
        if (fits) expect(a.add_(b).shape).to.deep.equal(left);
        else thrown(() => a.add_(b), "ERR_SHAPE_MISMATCH");
      }));
  }
});
