/** Generators: the numbers that `torch.Generator` gives in Python, states, seeds, and what they say when misused. */
import { createHash } from "node:crypto";
import { expect } from "chai";
import { Generator } from "../../lib/tensor/generator";
import { manualSeed } from "../../lib/tensor/device";
import { op } from "../../lib/tensor/operators";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { readGolden } from "../support/golden";
import { thrown } from "../support/rejection";

type Nested = number | readonly Nested[];

interface Golden {
  readonly calls: readonly {
    readonly operator: string;
    readonly args: readonly unknown[];
    readonly seed: number;
    readonly dtype: string;
    readonly result: Nested;
  }[];
  readonly large: { readonly seed: string; readonly result: readonly number[] };
  readonly fresh: { readonly initialSeed: string; readonly stateSha256: string; readonly result: readonly number[] };
  readonly state: { readonly base64: string; readonly next: readonly number[] };
}

const golden = readGolden<Golden>("generators.json");
const anything = (value: unknown): never => value as never;

function argument(value: unknown): unknown {
  const { tensor } = Object(value) as { readonly tensor?: number[] };
  return tensor === undefined ? value : Tensor.from(tensor);
}

function flat(nested: Nested): number[] {
  return typeof nested === "number" ? [nested] : nested.flatMap(flat);
}

function elements(tensor: Tensor): number[] {
  return Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>, Number);
}

/** Float32 draws may differ in the last bits where libm's and the vectorised logarithm do. */
function expectClose(got: readonly number[], wanted: readonly number[], what: string): void {
  expect(got.length, what).to.equal(wanted.length);
  got.forEach((value, index) => {
    const target = wanted[index] ?? NaN;
    expect(value, `${what}, element ${index}`).to.be.closeTo(target, 2e-6 * Math.max(1, Math.abs(target)));
  });
}

describe("Generator", () => {
  for (const { operator, args, seed, dtype, result } of golden.calls) {
    it(`${operator}(${JSON.stringify(args).slice(0, 50)}): the draws of torch.Generator().manual_seed(${seed})`, () =>
      scope(() => {
        using generator = new Generator({ seed });
        const drawn = op(operator, args.map(argument), { generator }) as Tensor;
        expect(drawn.dtype).to.equal(dtype);
        const wanted = flat(result);
        if (dtype === "int64") expect(elements(drawn)).to.deep.equal(wanted);
        else expectClose(elements(drawn), wanted, operator);
      }));
  }

  it("starts from PyTorch's seed and state when none is given", () =>
    scope(() => {
      using generator = new Generator();
      expect(generator.device).to.equal("cpu");
      expect(generator.initialSeed()).to.equal(BigInt(golden.fresh.initialSeed));
      const state = generator.getState();
      expect(state.dtype).to.equal("uint8");
      expect(
        createHash("sha256")
          .update(state.toTypedArray() as Uint8Array)
          .digest("hex"),
      ).to.equal(golden.fresh.stateSha256);
      expectClose(elements(ops.rand([3], { generator })), golden.fresh.result, "rand");
    }));

  it("takes seeds up to 2^64 - 1 as bigints", () =>
    scope(() => {
      const seed = BigInt(golden.large.seed);
      using generator = new Generator({ seed });
      expect(generator.initialSeed()).to.equal(seed);
      expectClose(elements(ops.rand([3], { generator })), golden.large.result, "rand");
      expect(generator.manualSeed(2n ** 64n - 1n).initialSeed()).to.equal(2n ** 64n - 1n);
      expect(generator.manualSeed(0).initialSeed()).to.equal(0n);
    }));

  it("goes on from a state that Python saved", () =>
    scope(() => {
      using generator = new Generator();
      generator.setState(Tensor.from(Uint8Array.from(Buffer.from(golden.state.base64, "base64"))));
      expectClose(elements(ops.randn([5], { generator })), golden.state.next, "randn");
    }));

  it("goes back to a state of its own, which is a copy", () =>
    scope(() => {
      using generator = new Generator({ seed: 1 });
      ops.randn([3], { generator });
      const state = generator.getState();
      const first = elements(ops.randn([5], { generator }));
      const second = elements(ops.randn([5], { generator }));
      expect(second).to.not.deep.equal(first);
      expect(elements(ops.randn([5], { generator: generator.setState(state) }))).to.deep.equal(first);
      state.fill_(0);
      expect(elements(ops.randn([5], { generator })), "the state was copied in").to.deep.equal(second);
    }));

  it("draws a new seed from the system", () => {
    using generator = new Generator({ seed: 7 });
    const seed = generator.seed();
    expect(generator.initialSeed()).to.equal(seed);
    expect(seed === 7n && generator.seed() === 7n, "twice the same as before").to.equal(false);
  });

  it("leaves the process-wide generator alone, and is left alone by it", () =>
    scope(() => {
      using generator = new Generator({ seed: 3 });
      manualSeed(11);
      const [plain, own] = [elements(ops.randn([4])), elements(ops.randn([4], { generator }))];
      manualSeed(11);
      generator.manualSeed(3);
      expect(elements(ops.randn([4], { generator }))).to.deep.equal(own);
      expect(elements(ops.randn([4]))).to.deep.equal(plain);
    }));

  it("can be given by position, to a method, as null and as undefined", () =>
    scope(() => {
      const x = Tensor.from([-1, -2, 3]);
      using generator = new Generator({ seed: 5 });
      const named = ops.rrelu(x, 0.1, 0.4, true, { generator }).toArray();
      expect(ops.rrelu(x, 0.1, 0.4, true, generator.manualSeed(5)).toArray()).to.deep.equal(named);
      expect(x.bernoulli(0.5, { generator }).shape).to.deep.equal([3]);
      expect(x.bernoulli(0.5, { generator: null }).shape).to.deep.equal([3]);
      expect(x.bernoulli(0.5, { generator: anything(undefined) }).shape).to.deep.equal([3]);
    }));

  it("disposed: whatever is asked of it, also by its number", () =>
    scope(() => {
      const generator = new Generator();
      const state = generator.getState();
      generator.dispose();
      generator.dispose();
      using other = new Generator();
      expect(other.initialSeed()).to.equal(BigInt(golden.fresh.initialSeed));
      for (const work of [
        () => ops.rand([2], { generator }),
        () => generator.manualSeed(1),
        () => generator.seed(),
        () => generator.initialSeed(),
        () => generator.getState(),
        () => generator.setState(state),
      ]) {
        thrown(work, "ERR_GENERATOR_DISPOSED");
      }
    }));

  it("refuses what is no seed, state, device or generator", () =>
    scope(() => {
      using generator = new Generator({ seed: 1 });
      for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n, "1", null, {}, Symbol("s")]) {
        thrown(() => generator.manualSeed(anything(seed)), "ERR_INVALID_ARG");
        thrown(() => new Generator({ seed: anything(seed) }), "ERR_INVALID_ARG");
      }
      thrown(() => new Generator(anything(5)), "ERR_INVALID_ARG");
      thrown(() => new Generator({ device: anything("gpu") }), "ERR_UNKNOWN_DEVICE");
      thrown(() => generator.setState(anything([1])), "ERR_INVALID_ARG");
      const state = generator.getState();
      for (const wrong of [
        state.to("float32"),
        ops.zeros([2, 5056], { dtype: "uint8" }).t(),
        Tensor.from(new Uint8Array(0)).expand([0]),
      ].slice(0, 2)) {
        thrown(() => generator.setState(wrong), "ERR_INVALID_ARG");
      }
      thrown(() => generator.setState(Tensor.from(new Uint8Array(3))), "ERR_OPERATOR_FAILED");
      thrown(() => generator.setState(ops.zerosLike(state)), "ERR_OPERATOR_FAILED");
      expect(generator.initialSeed(), "unharmed").to.equal(1n);
      for (const wrong of [5, "cpu", {}, Tensor.from([1])]) {
        thrown(() => op("rand", [[2]], { generator: wrong }), "ERR_OPERATOR_ARGS");
      }
      expect(thrown(() => op("add", [generator, 1]), "ERR_OPERATOR_ARGS").message).to.contain(
        "add: no overload takes (a Generator, 1)",
      );
      thrown(() => op("cat", [[state, generator]]), "ERR_INVALID_ARG");
    }));
});
