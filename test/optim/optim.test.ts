/** Optimizer and clipping against their formulas, in doubles. */
import { expect } from "chai";
import { noGrad } from "../../lib/autograd/grad-mode";
import { AdamW } from "../../lib/optim/adamw";
import { clipGradNorm } from "../../lib/optim/clip-grad-norm";
import { decayGroups } from "../../lib/optim/decay-groups";
import { LinearSchedule } from "../../lib/optim/schedules/linear";
import * as nn from "../../lib/nn/nn";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";
import { tinyBert } from "../support/tiny-bert";

const parameter = (data: number[] | number[][]): Tensor => Tensor.from(data, { dtype: "float64", requiresGrad: true });
const numbers = (tensor: Tensor): number[] => Array.from(tensor.toTypedArray(), Number);

/** Loshchilov & Hutter, algorithm 2, with PyTorch's order of operations. */
function reference(
  weights: number[],
  gradient: (weights: number[], step: number) => number[],
  options: { lr: (step: number) => number; betas: [number, number]; eps: number; weightDecay: number; steps: number },
): number[] {
  const [b1, b2] = options.betas;
  let w = [...weights];
  const m = w.map(() => 0);
  const v = w.map(() => 0);
  for (let t = 1; t <= options.steps; t++) {
    const g = gradient(w, t);
    const lr = options.lr(t - 1);
    w = w.map((value, i) => {
      const gi = g[i] ?? 0;
      m[i] = b1 * (m[i] ?? 0) + (1 - b1) * gi;
      v[i] = b2 * (v[i] ?? 0) + (1 - b2) * gi * gi;
      const decayed = value * (1 - lr * options.weightDecay);
      return decayed - (lr * (m[i] / (1 - b1 ** t))) / (Math.sqrt(v[i] / (1 - b2 ** t)) + options.eps);
    });
  }
  return w;
}

describe("AdamW", () => {
  it("takes the steps of its formula, with weight decay and a schedule", () =>
    scope(async () => {
      const start = [0.5, -1.5, 2, 0.1];
      const w = parameter(start);
      using optimizer = new AdamW([w], { lr: 0.05, betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1 });
      const schedule = new LinearSchedule(optimizer, { warmupSteps: 3, totalSteps: 10 });
      for (let step = 0; step < 10; step++) {
        await w.mul(w).mul(w).sum().backward();
        await optimizer.step();
        schedule.step();
        optimizer.zeroGrad();
      }
      const factor = (step: number): number => (step < 3 ? step / 3 : (10 - step) / 7);
      const expected = reference(start, (at) => at.map((x) => 3 * x * x), {
        lr: (step) => 0.05 * factor(step),
        betas: [0.8, 0.95],
        eps: 1e-6,
        weightDecay: 0.1,
        steps: 10,
      });
      numbers(w).forEach((value, i) => expect(value).to.be.closeTo(expected[i] ?? NaN, 1e-12));
    }));

  it("has PyTorch's defaults, but no weight decay", () =>
    scope(async () => {
      const w = parameter([1]);
      using optimizer = new AdamW([w]);
      expect(optimizer.lr).to.equal(1e-3);
      await w.mul(2).sum().backward();
      await optimizer.step();
      const [expected] = reference([1], () => [2], {
        lr: () => 1e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0,
        steps: 1,
      });
      expect(numbers(w)[0]).to.be.closeTo(expected ?? NaN, 1e-14);
    }));

  it("gives groups their own options, and a new lr to all", () =>
    scope(async () => {
      const [a, b] = [parameter([1]), parameter([1])];
      using optimizer = new AdamW(
        [
          { params: [a], lr: 0.5 },
          { params: [b], weightDecay: 0.5 },
        ],
        { lr: 0.1 },
      );
      await a.add(b).sum().backward();
      await optimizer.step();
      expect(numbers(a)[0]).to.be.closeTo(0.5, 1e-7);
      expect(numbers(b)[0]).to.be.closeTo(1 * (1 - 0.05) - 0.1, 1e-7);
      optimizer.lr = 0;
      expect(optimizer.groups.map(({ lr }) => lr)).to.deep.equal([0, 0]);
    }));

  it("goes on with parameters that were moved to another dtype, before and after the first step", () =>
    scope(async () => {
      using layer = new nn.Linear(2, 1);
      const start = layer.weight.toArray();
      using optimizer = new AdamW(layer.parameters(), { lr: 0.1 });
      const step = async (dtype: "float32" | "float64"): Promise<void> => {
        optimizer.zeroGrad();
        await layer
          .forward(ops.ones([1, 2], { dtype }))
          .sum()
          .backward();
        await optimizer.step();
      };
      await layer.to("float64");
      await step("float64");
      await layer.to("float32");
      await step("float32");
      const { state } = await optimizer.stateDict();
      expect(Object.values(state[0] ?? {}).map((value) => (value as Tensor).dtype ?? value)).to.deep.equal([
        "float32",
        "float32",
        "float32",
      ]);
      // A gradient that is always 1 takes a whole step of the learning rate each time.
      const expected = (start as number[][]).map((row) => row.map((value) => value - 0.2));
      expect(layer.weight.sub(Tensor.from(expected)).abs().max().item()).to.be.below(1e-5);
    }));

  it("leaves parameters without a gradient alone, and their step count too", () =>
    scope(async () => {
      const [a, b] = [parameter([1]), parameter([1])];
      using optimizer = new AdamW([a, b], { lr: 0.1 });
      await optimizer.step(); // nobody has one
      await a.sum().backward();
      await optimizer.step();
      expect(numbers(a)[0]).to.be.closeTo(0.9, 1e-7);
      expect(numbers(b)).to.deep.equal([1]);
      expect(optimizer.groups[0]?.steps.map((step) => step.item())).to.deep.equal([1, 0]);
    }));

  it("does nothing where foundInf is 1, and the step does not count", () =>
    scope(async () => {
      const w = parameter([1, 2]);
      using optimizer = new AdamW([w], { lr: 0.1, weightDecay: 0.1 });
      await w.mul(Infinity).sum().backward();
      await optimizer.step({ foundInf: Tensor.from(1) });
      expect(numbers(w)).to.deep.equal([1, 2]);
      expect(optimizer.groups[0]?.steps[0]?.item()).to.equal(0);
      optimizer.zeroGrad();
      await w.sum().backward();
      await optimizer.step({ foundInf: Tensor.from(0) });
      const expected = reference([1, 2], () => [1, 1], {
        lr: () => 0.1,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0.1,
        steps: 1,
      });
      numbers(w).forEach((value, i) => expect(value).to.be.closeTo(expected[i] ?? NaN, 1e-12));
    }));

  it("without awaiting anything gives what awaiting gives", async () => {
    const train = (awaited: boolean): Promise<number[]> =>
      scope(async () => {
        const w = parameter(
          Array.from({ length: 200 }, (_, i) => Array.from({ length: 200 }, (_, k) => Math.sin(i * 7 + k) / 20)),
        );
        using optimizer = new AdamW([w], { lr: 0.01, weightDecay: 0.01 });
        const pending: Promise<unknown>[] = [];
        const maybe = async (work: Promise<unknown>): Promise<void> => {
          if (awaited) await work;
          else pending.push(work);
        };
        for (let step = 0; step < 5; step++) {
          const loss = w.matmul(w).sum();
          // Order is that of the calls: the gradients are clipped, used and dropped after backward made them.
          const queued = maybe(loss.backward());
          if (awaited) await queued;
          const clipped = clipGradNorm([w], 0.5);
          if (awaited) await clipped;
          else pending.push(clipped);
          const stepped = maybe(optimizer.step());
          if (awaited) await stepped;
          optimizer.zeroGrad();
        }
        const result = numbers(w); // a synchronous read is a barrier
        expect(w.grad).to.equal(undefined);
        await Promise.all(pending);
        return result;
      });
    expect(await train(false)).to.deep.equal(await train(true));
  });

  it("a parameter's new handle waits for a queued step as well", async () => {
    const model = tinyBert();
    await scope(async () => {
      const inputIds = ops.ones([8, 16], { dtype: "int64" });
      const labels = ops.zeros([8], { dtype: "int64" });
      using optimizer = new AdamW(model.parameters(), { lr: 0.1 });
      const { loss } = await model.forward({ inputIds, labels });
      void loss.backward();
      const stepped = optimizer.step();
      using part = model.part("classifier");
      const early = part.namedParameters().map(([, tensor]) => numbers(tensor));
      await stepped;
      expect(part.namedParameters().map(([, tensor]) => numbers(tensor))).to.deep.equal(early);
      optimizer.zeroGrad();
    });
    model.dispose();
  });

  it("takes parameters and gradients however they lie in memory", () =>
    scope(async () => {
      const plain = parameter([
        [1, 2, 3],
        [4, 5, 6],
      ]);
      const turned = noGrad(() =>
        Tensor.from(
          [
            [1, 4],
            [2, 5],
            [3, 6],
          ],
          { dtype: "float64" },
        ).transpose(0, 1),
      ).detach();
      turned.requiresGrad = true;
      const factor = Tensor.from(
        [
          [1, -2, 3],
          [-4, 5, -6],
        ],
        { dtype: "float64" },
      );
      using optimizer = new AdamW([plain, turned], { lr: 0.1 });
      for (let step = 0; step < 3; step++) {
        await plain.mul(plain).mul(factor).sum().add(turned.mul(turned).mul(factor).sum()).backward();
        await optimizer.step();
        optimizer.zeroGrad();
      }
      expect(turned.toArray()).to.deep.equal(plain.toArray());
    }));

  it("takes a gradient of one element expanded over the parameter, without reading beyond it", () =>
    scope(async () => {
      const w = ops.ones([1000], { dtype: "float64" });
      w.requiresGrad = true;
      w.grad = Tensor.from([2], { dtype: "float64" }).expand([1000]);
      using optimizer = new AdamW([w], { lr: 0.1 });
      await optimizer.step();
      expect(new Set(numbers(w)).size).to.equal(1);
      expect(numbers(w)[999]).to.be.closeTo(0.9, 1e-7);
    }));

  it("refuses a parameter whose elements share memory, and one reshaped since", () =>
    scope(async () => {
      const shared = Tensor.from([1], { dtype: "float64" }).expand([100_000]).detach();
      shared.requiresGrad = true;
      using first = new AdamW([shared]);
      await shared.sum().backward();
      await rejection(first.step(), "ERR_INVALID_ARG");
      const w = parameter([1]);
      using second = new AdamW([w]);
      for (const flag of [Tensor.from([]), Tensor.from([1, 0]), Tensor.from([1n]), 1]) {
        await rejection(second.step({ foundInf: flag as Tensor }), "ERR_INVALID_ARG");
      }
      noGrad(() => w.set_(ops.ones([100_000], { dtype: "float64" })));
      await w.sum().backward();
      await rejection(second.step(), "ERR_SHAPE_MISMATCH");
    }));

  it("refuses what is no parameter, twice one, none, or options out of range", () =>
    scope(() => {
      const w = parameter([1]);
      for (const params of [
        [],
        [{ params: [] }],
        [5],
        5,
        null,
        {},
        [{}],
        [null],
        [{ params: 5 }],
        [{ params: [5] }],
        [w, w],
        [{ params: [w] }, { params: [w] }],
        [w, null],
        [w.mul(2)],
        [{ params: [w], betas: [0, 0.5] }],
        [{ params: [w], weight_decay: 0.1 }],
      ]) {
        thrown(() => new AdamW(params as Tensor[]), "ERR_INVALID_ARG");
      }
      for (const options of [
        { lr: -1 },
        { lr: NaN },
        { lr: "1" },
        { betas: [1, 0.9] },
        { betas: [0.9, -0.1] },
        { eps: -1 },
        { weightDecay: -1 },
        { lr: Infinity },
      ]) {
        thrown(() => new AdamW([w], options as object), "ERR_INVALID_ARG");
      }
      thrown(() => (new AdamW([w]).lr = -1), "ERR_INVALID_ARG");
    }));

  it("refuses a disposed parameter, and works no more after its own dispose", () =>
    scope(async () => {
      const w = parameter([1]);
      const optimizer = new AdamW([w]);
      const before = memory().liveTensors;
      optimizer.dispose();
      expect(before - memory().liveTensors, "states and step count").to.equal(3);
      await w.sum().backward();
      await rejection(optimizer.step(), "ERR_TENSOR_DISPOSED");
      const gone = parameter([1]);
      gone.dispose();
      thrown(() => new AdamW([gone]), "ERR_TENSOR_DISPOSED");
    }));
});

describe("clipGradNorm", () => {
  const withGradients = async (gradients: readonly number[][]): Promise<Tensor[]> =>
    Promise.all(
      gradients.map(async (gradient) => {
        const w = parameter(gradient.map(() => 0));
        await w
          .mul(Tensor.from(gradient, { dtype: "float64" }))
          .sum()
          .backward();
        return w;
      }),
    );

  it("scales all gradients by min(1, maxNorm / (norm + 1e-6)) and gives the norm before", () =>
    scope(async () => {
      const params = await withGradients([[3, 4], [12]]);
      expect(Number((await clipGradNorm(params, 1)).item())).to.be.closeTo(13, 1e-12);
      const factor = 1 / (13 + 1e-6);
      params.forEach((w, i) =>
        numbers(w.grad as Tensor).forEach((value, k) =>
          expect(value).to.be.closeTo((([[3, 4], [12]][i] ?? [])[k] ?? NaN) * factor, 1e-12),
        ),
      );
      expect(Number((await clipGradNorm(params, 5)).item())).to.be.closeTo(1, 1e-6);
      expect(numbers(params[1]?.grad as Tensor)[0], "below the limit nothing changes").to.be.closeTo(
        12 * factor,
        1e-12,
      );
    }));

  it("multiplies gradients that were summed over examples first", () =>
    scope(async () => {
      for (const maxNorm of [0.5, 100, Infinity]) {
        const [a, b] = [parameter([3, -4]), parameter([[12]])];
        await a.mul(a).sum().add(b.mul(b).sum()).mul(2).backward(); // gradients 4a and 4b: of norm 52
        const norm = await clipGradNorm([a, b], maxNorm, { scale: 1 / 8 });
        expect(Number(norm.item())).to.be.closeTo(6.5, 1e-12);
        const factor = maxNorm === Infinity ? 1 : Math.min(1, maxNorm / (6.5 + 1e-6));
        [1.5 * factor, -2 * factor].forEach((value, i) =>
          expect(numbers(a.grad as Tensor)[i]).to.be.closeTo(value, 1e-9),
        );
        expect(numbers(b.grad as Tensor)[0]).to.be.closeTo(6 * factor, 1e-9);
      }
      for (const scale of [0, -1, NaN, Infinity, "1"]) {
        await rejection(clipGradNorm([parameter([1])], 1, { scale: scale as number }), "ERR_INVALID_ARG");
      }
    }));

  it("with Infinity measures only", () =>
    scope(async () => {
      const params = await withGradients([[3, 4]]);
      expect((await clipGradNorm(params, Infinity)).item()).to.equal(5);
      expect(numbers(params[0]?.grad as Tensor)).to.deep.equal([3, 4]);
    }));

  it("is 0 where there are no gradients or no parameters", () =>
    scope(async () => {
      expect((await clipGradNorm([parameter([1])], 1)).item()).to.equal(0);
      expect((await clipGradNorm([], 1)).item()).to.equal(0);
    }));

  it("shows what is not finite", () =>
    scope(async () => {
      expect((await clipGradNorm(await withGradients([[Infinity]]), 1)).item()).to.equal(Infinity);
      expect((await clipGradNorm(await withGradients([[NaN]]), 1)).item()).to.be.NaN;
    }));

  it("refuses limits and parameters that are none", () =>
    scope(async () => {
      for (const limit of [0, -1, NaN, "1", undefined, null]) {
        await rejection(clipGradNorm([], limit as number), "ERR_INVALID_ARG");
      }
      for (const params of [undefined, null, 5, {}, [5], [undefined], Array(3)]) {
        await rejection(clipGradNorm(params as Tensor[], 1), "ERR_INVALID_ARG");
      }
    }));
});

describe("decayGroups", () => {
  it("spares biases and LayerNorm, and takes every trainable parameter once", () => {
    const model = tinyBert();
    try {
      const frozen = model.namedParameters()[0]?.[1] as Tensor;
      frozen.requiresGrad = false;
      const names = new Map(model.namedParameters().map(([name, tensor]) => [tensor, name]));
      const groups = decayGroups(model, 0.01);
      expect(groups.map(({ weightDecay }) => weightDecay)).to.deep.equal([0.01, 0]);
      const [decayed, spared] = groups.map(({ params }) => params.map((tensor) => names.get(tensor) ?? ""));
      expect(spared).to.satisfy((list: string[]) => list.every((name) => /bias$|LayerNorm\.weight$/.test(name)));
      expect(decayed).to.satisfy((list: string[]) =>
        list.every((name) => /\.weight$/.test(name) && !name.includes("LayerNorm")),
      );
      expect([...(decayed ?? []), ...(spared ?? [])]).to.have.members(
        model
          .namedParameters()
          .slice(1)
          .map(([name]) => name),
      );
    } finally {
      model.dispose();
    }
  });

  it("knows other names of normalisation, and leaves out a group of none", () =>
    scope(() => {
      const named = (...names: string[]) => ({
        namedParameters: () => names.map((name) => [name, parameter([1])] as const),
      });
      const count = (...names: string[]): (readonly [number | undefined, number])[] =>
        decayGroups(named(...names), 0.1).map(({ weightDecay, params }) => [weightDecay, params.length]);
      expect(count("a.weight")).to.deep.equal([[0.1, 1]]);
      expect(count("ln_1.weight", "norm2.weight", "layer_norm.weight", "x.gamma", "x.beta", "bias")).to.deep.equal([
        [0, 6],
      ]);
      expect(count("abnormal.weight", "bias_table")).to.deep.equal([[0.1, 2]]);
    }));
});
