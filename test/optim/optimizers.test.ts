/**
 * What all optimizers have in common: skipped steps, frozen parameters, dtypes, states, order, and what they refuse.
 */
import { expect } from "chai";
import { join } from "node:path";
import { Adafactor } from "../../lib/optim/adafactor";
import { Adam } from "../../lib/optim/adam";
import { AdamW } from "../../lib/optim/adamw";
import { Lion } from "../../lib/optim/lion";
import type { Optimizer } from "../../lib/optim/optimizer";
import { LinearSchedule } from "../../lib/optim/schedules/linear";
import { SGD } from "../../lib/optim/sgd";
import { loadOptimizerState, saveOptimizerState } from "../../lib/optim/state-file";
import type { OptimizerStateDict } from "../../lib/optim/state-dict";
import { noGrad } from "../../lib/autograd/grad-mode";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import {
  expectWeights,
  golden,
  LAST,
  makeOptimizer,
  numbersOf,
  parametersOf,
  walk,
} from "../support/golden-optimizers";
import { rejection, thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const parameter = (data: number[] | number[][]): Tensor => Tensor.from(data, { requiresGrad: true });
const manual = { lr: 0.1, scaleParameter: false, relativeStep: false } as const;

/** One of each, with all the states that it can have. */
const MAKERS: Readonly<Record<string, (params: readonly Tensor[]) => Optimizer>> = {
  AdamW: (params) => new AdamW(params, { lr: 0.1, amsgrad: true }),
  Adam: (params) => new Adam(params, { lr: 0.1 }),
  SGD: (params) => new SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5 }),
  Adafactor: (params) => new Adafactor(params, { ...manual, beta1: 0.9 }),
  Lion: (params) => new Lion(params, { lr: 0.1 }),
};

async function stepWith(
  optimizer: Optimizer,
  params: readonly Tensor[],
  gradient: number,
  foundInf?: Tensor,
): Promise<void> {
  for (const one of params) one.grad = ops.fullLike(one, gradient);
  await optimizer.step(foundInf ? { foundInf } : {});
}

const states = (optimizer: Optimizer): number[][] =>
  optimizer.namedStates(() => "").map(([, tensor]) => numbersOf(tensor));

for (const one of golden.cases) {
  describe(`${one.class}, ${one.name}`, () => {
    it("passes over steps whose foundInf is 1, wherever they come, as if they had not been", () =>
      scope(async () => {
        const params = parametersOf(one);
        using optimizer = makeOptimizer(one, params);
        const bad = Tensor.from(1);
        const before = async (step: number): Promise<void> => {
          const weights = params.map(numbersOf);
          const kept = states(optimizer);
          for (const gradient of [NaN, Infinity, 1]) await stepWith(optimizer, params, gradient, bad);
          expect(params.map(numbersOf), `weights before step ${step}`).to.deep.equal(weights);
          expect(states(optimizer), `states before step ${step}`).to.deep.equal(kept);
        };
        await walk(optimizer, params, {
          from: 0,
          to: LAST,
          foundInf: Tensor.from(0),
          before,
          after: (step) => expectWeights(one, params, step),
        });
      }));

    it("takes the same steps in float64", () =>
      scope(async () => {
        const params = parametersOf(one, undefined, "float64");
        using optimizer = makeOptimizer(one, params);
        await walk(optimizer, params, { from: 0, to: LAST, after: (step) => expectWeights(one, params, step) });
      }));
  });
}

for (const [name, make] of Object.entries(MAKERS)) {
  describe(name, () => {
    it("leaves parameters without a gradient alone, and takes up frozen ones when they no longer are", () =>
      scope(async () => {
        const [a, b, frozen] = [
          parameter([1, 2]),
          parameter([1, 2]),
          Tensor.from([
            [1, 2],
            [3, 4],
          ]),
        ];
        const live = memory().liveTensors;
        using optimizer = make([a, b, frozen]);
        const made = memory().liveTensors - live;
        a.grad = ops.onesLike(a);
        await optimizer.step();
        expect(numbersOf(a)).not.to.deep.equal([1, 2]);
        expect(numbersOf(b)).to.deep.equal([1, 2]);
        expect(frozen.toArray()).to.deep.equal([
          [1, 2],
          [3, 4],
        ]);
        expect(
          optimizer.namedStates((tensor) => (tensor === frozen ? "frozen" : "other")).map(([one]) => one.split(".")[0]),
        ).not.to.include("frozen");
        frozen.requiresGrad = true;
        await stepWith(optimizer, [a, frozen], 1);
        expect(frozen.toArray()).not.to.deep.equal([
          [1, 2],
          [3, 4],
        ]);
        // One that was there from the beginning takes the same step.
        const fresh = parameter([
          [1, 2],
          [3, 4],
        ]);
        using other = make([fresh]);
        await stepWith(other, [fresh], 1);
        expect(frozen.toArray()).to.deep.equal(fresh.toArray());
        optimizer.dispose();
        expect(made).to.be.greaterThan(0);
        [a, b, frozen, fresh].forEach((tensor) => (tensor.grad = undefined));
      }));

    it("takes parameters of several dtypes in one group", () =>
      scope(async () => {
        const single = parameter([
          [1, -2],
          [3, 0.5],
        ]);
        const double = Tensor.from(
          [
            [1, -2],
            [3, 0.5],
          ],
          { dtype: "float64", requiresGrad: true },
        );
        const half = ops.ones([2, 2], { dtype: "bfloat16" });
        half.requiresGrad = true;
        using optimizer = make([single, double, half]);
        for (let step = 0; step < 3; step++) await stepWith(optimizer, [single, double, half], 1);
        numbersOf(single).forEach((value, i) => expect(value).to.be.closeTo(numbersOf(double)[i] as number, 1e-6));
        // bfloat16 has eight bits.
        numbersOf(half).forEach((value) => expect(value).to.be.closeTo(numbersOf(double)[0] as number, 0.02));
        expect(half.dtype).to.equal("bfloat16");
      }));

    it("takes a scalar, and parameters that lie transposed in memory", () =>
      scope(async () => {
        const plain = parameter([
          [1, 2, 3],
          [4, 5, 6],
        ]);
        const turned = noGrad(() =>
          Tensor.from([
            [1, 4],
            [2, 5],
            [3, 6],
          ]).t(),
        ).detach();
        turned.requiresGrad = true;
        const scalar = Tensor.from(1, { requiresGrad: true });
        const gradient = Tensor.from([
          [1, -2, 3],
          [-4, 5, -6],
        ]);
        using optimizer = make([plain, turned, scalar]);
        for (let step = 0; step < 3; step++) {
          for (const one of [plain, turned]) one.grad = gradient.clone();
          scalar.grad = Tensor.from(1);
          await optimizer.step();
        }
        numbersOf(turned).forEach((value, i) => expect(value).to.be.closeTo(numbersOf(plain)[i] as number, 1e-6));
        expect(scalar.item()).to.be.lessThan(1);
      }));

    it("without awaiting anything steps, saves and loads in order", () =>
      inFolder((folder) =>
        scope(async () => {
          const others = [parameter([1, 2, 3])];
          using other = make(others);
          await stepWith(other, others, 5);
          const loaded = await other.stateDict();
          const run = async (awaited: boolean): Promise<unknown> => {
            const params = [parameter([1, 2, 3])];
            using optimizer = make(params);
            const file = join(folder, "optimizer.pt");
            const pending: Promise<unknown>[] = [];
            for (const work of [
              () => stepWith(optimizer, params, 1),
              () => stepWith(optimizer, params, 2),
              () => saveOptimizerState(file, optimizer),
              () => stepWith(optimizer, params, 3),
              () => optimizer.loadStateDict(loaded),
              () => stepWith(optimizer, params, 4),
            ]) {
              pending.push(work());
              if (awaited) await pending.at(-1);
            }
            await Promise.all(pending);
            const result = [params.map(numbersOf), states(optimizer)];
            await loadOptimizerState(file, optimizer);
            return [...result, states(optimizer)];
          };
          expect(await run(false)).to.deep.equal(await run(true));
        }),
      ));

    it("gives a state that another one goes on from, and drops what was there", () =>
      scope(async () => {
        const [params, copies] = [
          [
            parameter([
              [1, 2],
              [3, 4],
            ]),
            parameter([5]),
          ],
          [
            parameter([
              [1, 2],
              [3, 4],
            ]),
            parameter([5]),
          ],
        ];
        using first = make(params);
        await stepWith(first, params.slice(0, 1), 1);
        using second = make(copies);
        await stepWith(second, copies, 7);
        noGrad(() => copies.forEach((copy, i) => copy.copy_(params[i] as Tensor)));
        second.lr = 0.5;
        await second.loadStateDict(await first.stateDict());
        expect(second.lr).to.equal(first.lr);
        expect(states(second)).to.deep.equal(states(first));
        for (const [optimizer, list] of [
          [first, params],
          [second, copies],
        ] as const) {
          await stepWith(optimizer, list, -2);
        }
        expect(copies.map((tensor) => tensor.toArray())).to.deep.equal(params.map((tensor) => tensor.toArray()));
      }));

    it("refuses another's state, groups, shapes and values, and changes nothing", () =>
      scope(async () => {
        const params = [
          parameter([
            [1, 2],
            [3, 4],
          ]),
        ];
        using optimizer = make(params);
        await stepWith(optimizer, params, 1);
        const whole = await optimizer.stateDict();
        const before = states(optimizer);
        const [group] = whole.param_groups;
        const entry = whole.state[0] ?? {};
        const [own, tensor] = Object.entries(entry)[0] as [string, Tensor];
        const load = (dictionary: unknown): Promise<void> => optimizer.loadStateDict(dictionary as OptimizerStateDict);
        for (const wrong of [
          undefined,
          null,
          5,
          [],
          {},
          { state: {} },
          { ...whole, state: [] },
          { ...whole, state: { 0: 5 } },
          { ...whole, param_groups: {} },
          { ...whole, param_groups: [null] },
          { ...whole, param_groups: [{ ...group, params: ["0"] }] },
          { ...whole, param_groups: [{ ...group, params: Array(1) }] },
        ]) {
          await rejection(load(wrong), "ERR_INVALID_ARG");
        }
        for (const change of [
          { lr: -1 },
          { lr: "1" },
          { weight_decay: NaN },
          { weight_decay: null },
          { initial_lr: Infinity },
        ]) {
          await rejection(load({ ...whole, param_groups: [{ ...group, ...change }] }), "ERR_INVALID_ARG");
        }
        for (const wrong of [
          { ...whole, param_groups: [] },
          { ...whole, param_groups: [group, group] },
          { ...whole, param_groups: [{ ...group, params: [0, 1] }] },
          { ...whole, state: { 0: { ...entry, other: tensor } } },
          { ...whole, state: { 0: { ...entry, [own]: ops.ones([7]) } } },
          { ...whole, state: { 0: { ...entry, [own]: "text" } } },
          { ...whole, state: { 0: { ...entry, [own]: 1 } } },
        ]) {
          await rejection(load(wrong), "ERR_WEIGHTS_MISMATCH");
        }
        expect(states(optimizer)).to.deep.equal(before);
        expect(optimizer.pythonGroups()).to.deep.equal(whole.param_groups);
      }));

    it("works no more after dispose, which frees all it made", () =>
      scope(async () => {
        const params = [parameter([1]), parameter([[1, 2]])];
        const live = memory().liveTensors;
        const optimizer = make(params);
        optimizer.dispose();
        optimizer.dispose();
        expect(memory().liveTensors).to.equal(live);
        await rejection(optimizer.step(), "ERR_TENSOR_DISPOSED");
        await rejection(optimizer.stateDict(), "ERR_TENSOR_DISPOSED");
        await rejection(optimizer.loadStateDict({ state: {}, param_groups: [] }), "ERR_TENSOR_DISPOSED");
        expect(memory().liveTensors).to.equal(live);
      }));

    it("refuses what is no parameter, no option and no learning rate", () =>
      scope(() => {
        const Class = make([parameter([1])]).constructor as new (params: unknown, options?: unknown) => Optimizer;
        const good = name === "Adafactor" ? manual : {};
        for (const params of [[], 5, null, [null], [{}], [5]]) thrown(() => new Class(params, good), "ERR_INVALID_ARG");
        const w = parameter([1]);
        thrown(() => new Class([w, w], good), "ERR_INVALID_ARG");
        const live = memory().liveTensors;
        for (const options of [
          null,
          5,
          { lr: -1 },
          { lr: NaN },
          { lr: "1" },
          { lr: Infinity },
          { weightDecay: -1 },
          { weightDecay: "0" },
          { weight_decay: 0.1 },
          { maximize: true },
        ]) {
          thrown(
            () => new Class([w], typeof options === "object" && options ? { ...good, ...options } : options),
            "ERR_INVALID_ARG",
          );
        }
        expect(memory().liveTensors, "nothing is left of it").to.equal(live);
        using optimizer = new Class([w], good);
        for (const lr of [-1, NaN, "1", undefined]) thrown(() => (optimizer.lr = lr as number), "ERR_INVALID_ARG");
      }));
  });
}

describe("options", () => {
  it("that each optimizer has of its own are checked", () =>
    scope(() => {
      const w = [parameter([1])];
      for (const options of [{ betas: [1, 0.9] }, { betas: [0.9] }, { betas: 0.9 }, { eps: -1 }, { amsgrad: 1 }]) {
        thrown(() => new Adam(w, options as never), "ERR_INVALID_ARG");
        thrown(() => new AdamW(w, options as never), "ERR_INVALID_ARG");
      }
      for (const options of [
        { momentum: -1 },
        { momentum: NaN },
        { dampening: "0" },
        { nesterov: 1 },
        { nesterov: true },
        { nesterov: true, momentum: 0.9, dampening: 0.1 },
      ]) {
        thrown(() => new SGD(w, options as never), "ERR_INVALID_ARG");
      }
      for (const options of [{ betas: [-0.1, 0.9] }, { betas: [0.9, 1.1] }, { betas: null }]) {
        thrown(() => new Lion(w, options as never), "ERR_INVALID_ARG");
      }
      for (const options of [
        { eps: 1e-30 },
        { eps: [-1, 1] },
        { clipThreshold: 0 },
        { decayRate: 1 },
        { beta1: 2 },
        { beta1: null },
        { scaleParameter: 1 },
        { relativeStep: 1 },
        { warmupInit: true },
      ]) {
        thrown(() => new Adafactor(w, { ...manual, ...options } as never), "ERR_INVALID_ARG");
      }
    }));

  it("that decide which states there are must be those of a state that is loaded", () =>
    scope(async () => {
      const w = [parameter([1, 2])];
      const pairs: readonly (readonly [Optimizer, Optimizer])[] = [
        [new AdamW(w), new AdamW(w, { amsgrad: true })],
        [new AdamW(w), new Adam(w)],
        [new SGD(w), new SGD(w, { momentum: 0.9 })],
        [new SGD(w, { momentum: 0.9 }), new SGD(w, { momentum: 0.9, dampening: 0.1 })],
        [new Adafactor(w, manual), new Adafactor(w, { ...manual, beta1: 0.9 })],
        [new Adafactor(w, manual), new Adafactor(w)],
      ];
      for (const [a, b] of pairs) {
        await rejection(a.loadStateDict(await b.stateDict()), "ERR_INVALID_ARG");
        await rejection(b.loadStateDict(await a.stateDict()), "ERR_INVALID_ARG");
      }
      using adam = new Adam(w);
      for (const options of [{ maximize: true }, { betas: [0.9] }, { amsgrad: null }]) {
        const {
          state,
          param_groups: [group],
        } = await adam.stateDict();
        await rejection(
          adam.loadStateDict({ state, param_groups: [{ ...group, params: [0], ...options }] }),
          "ERR_INVALID_ARG",
        );
      }
      pairs.flat().forEach((optimizer) => optimizer.dispose());
    }));

  it("become those of a state that is loaded, where a dictionary has them", () =>
    scope(async () => {
      const w = [parameter([1, 2])];
      using a = new SGD([{ params: w, weightDecay: 0.2 }], { lr: 0.5, momentum: 0.7, nesterov: true });
      using b = new SGD(w, { lr: 0.1, momentum: 0.9 });
      await b.loadStateDict(await a.stateDict());
      expect(b.pythonGroups()).to.deep.equal(a.pythonGroups());
      // Of an older version, and from a run with a schedule.
      await b.loadStateDict({ state: {}, param_groups: [{ params: [4], lr: 0.25, initial_lr: 1 }] });
      expect(b.groups[0]).to.include({ lr: 0.25, initialLr: 1, weightDecay: 0.2 });
      new LinearSchedule(b, { warmupSteps: 0, totalSteps: 2 }).step();
      expect(b.lr).to.equal(0.5);
    }));
});

describe("Adafactor", () => {
  it("takes a learning rate where relativeStep is false, and only there", () =>
    scope(() => {
      const w = parameter([1]);
      const live = memory().liveTensors;
      thrown(() => new Adafactor([w], { lr: 1e-3 }), "ERR_INVALID_ARG");
      thrown(() => new Adafactor([w], { relativeStep: false }), "ERR_INVALID_ARG");
      thrown(() => new Adafactor([{ params: [w], lr: 1e-3 }]), "ERR_INVALID_ARG");
      expect(memory().liveTensors).to.equal(live);
      using grouped = new Adafactor([{ params: [w], lr: 1e-3 }], { relativeStep: false });
      expect(grouped.lr).to.equal(1e-3);
      using relative = new Adafactor([w]);
      expect(relative.lr).to.be.NaN;
      thrown(() => (relative.lr = 1), "ERR_INVALID_ARG");
      thrown(() => new LinearSchedule(relative, { warmupSteps: 0, totalSteps: 2 }), "ERR_INVALID_ARG");
    }));

  it("keeps rows and columns of a matrix, in float32 at least", () =>
    scope(async () => {
      const params = [
        ops.ones([4, 6], { dtype: "bfloat16" }),
        ops.ones([2, 3, 5], { dtype: "float64" }),
        ops.ones([7]),
      ];
      params.forEach((one) => (one.requiresGrad = true));
      using optimizer = new Adafactor(params, manual);
      const names = new Map(params.map((one, i) => [one, `p${i}`]));
      const shapes = optimizer
        .namedStates((one) => names.get(one) ?? "")
        .map(([name, { shape, dtype }]) => `${name} ${dtype} [${shape.join()}]`);
      expect(shapes).to.deep.equal([
        "p0.exp_avg_sq_row float32 [4]",
        "p0.exp_avg_sq_col float32 [6]",
        "p0.step float32 []",
        "p1.exp_avg_sq_row float64 [2,3]",
        "p1.exp_avg_sq_col float64 [2,5]",
        "p1.step float32 []",
        "p2.exp_avg_sq float32 [7]",
        "p2.step float32 []",
      ]);
    }));
});
