/** Every optimizer against PyTorch's, transformers' and the authors' own. */
import { expect } from "chai";
import { join } from "node:path";
import { TensorReference } from "../../lib/jit/tensor-reference";
import { readTorchFile } from "../../lib/jit/read-torch-file";
import type { Optimizer } from "../../lib/optim/optimizer";
import { loadOptimizerState, saveOptimizerState } from "../../lib/optim/state-file";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN } from "../support/golden";
import {
  expectClose,
  expectWeights,
  golden,
  LAST,
  makeOptimizer,
  numbersOf,
  type OptimizerCase,
  parametersOf,
  walk,
} from "../support/golden-optimizers";
import { inFolder } from "../support/tiny-bert";

const fileOf = ({ name }: OptimizerCase): string => join(GOLDEN, "optimizers", `${name}.pt`);

for (const one of golden.cases) {
  describe(`${one.class} like Python's, ${one.name}`, () => {
    for (const [title, foundInf] of [
      ["", undefined],
      [", told that all is finite", 0],
    ] as const) {
      it(`takes the same steps${title}`, () =>
        scope(async () => {
          const params = parametersOf(one);
          using optimizer = makeOptimizer(one, params);
          const after = (step: number): void => expectWeights(one, params, step);
          await walk(optimizer, params, {
            from: 0,
            to: LAST,
            after,
            ...(foundInf !== undefined && { foundInf: Tensor.from(foundInf) }),
          });
        }));
    }

    it("is in the same state after some steps", () =>
      scope(async () => {
        const params = parametersOf(one);
        using optimizer = makeOptimizer(one, params);
        await walk(optimizer, params, { from: 0, to: golden.stateSteps });
        await expectState(optimizer, fileOf(one));
      }));

    it("goes on from Python's file, and from its own", () =>
      inFolder((folder) =>
        scope(async () => {
          const params = parametersOf(one, golden.stateSteps);
          using first = makeOptimizer(one, params);
          const rates = first.groups.map(({ initialLr }) => initialLr);
          await loadOptimizerState(fileOf(one), first);
          await expectState(first, fileOf(one));
          await saveOptimizerState(join(folder, "optimizer.pt"), first);
          using second = makeOptimizer(one, params);
          await loadOptimizerState(join(folder, "optimizer.pt"), second);
          await expectState(second, fileOf(one));
          await walk(second, params, { from: golden.stateSteps, to: LAST, rates });
          expectWeights(one, params, LAST);
        }),
      ));
  });
}

/** That the optimizer's whole dictionary is the file's. */
async function expectState(optimizer: Optimizer, file: string): Promise<void> {
  const { value, read } = await readTorchFile("test", file);
  const python = value as ReadonlyMap<string, unknown>;
  const { state, param_groups: groups } = await optimizer.stateDict();
  const groupsThere = python.get("param_groups") as readonly ReadonlyMap<string, unknown>[];
  // Which of PyTorch's kernels ran is no matter of arithmetic.
  const kernel = { foreach: null, fused: null };
  expect(groups.map((group) => ({ ...group, ...kernel }))).to.deep.equal(
    groupsThere.map((group) => ({ ...Object.fromEntries(group), ...kernel })),
  );
  const states = python.get("state") as ReadonlyMap<number, ReadonlyMap<string, unknown>>;
  for (const [number, entry] of Object.entries(state)) {
    const there = new Map(states.get(Number(number)));
    there.delete("RMS"); // of the parameter, which every step measures anew
    if (there.size === 0) {
      // Where nothing counts steps, zeros say that there was none.
      expect(Object.keys(entry).join()).to.be.oneOf(["momentum_buffer", "exp_avg"]);
      for (const tensor of Object.values(entry)) {
        expect(new Set(numbersOf(tensor as Tensor))).to.deep.equal(new Set([0]));
      }
      continue;
    }
    expect(Object.keys(entry)).to.have.members([...there.keys()]);
    for (const [name, wanted] of there) {
      const own = entry[name];
      if (!(wanted instanceof TensorReference)) {
        expect(own, name).to.equal(wanted);
        continue;
      }
      const [tensor] = await read([wanted]);
      expect((own as Tensor).shape, name).to.deep.equal(wanted.shape);
      expectClose(numbersOf(own as Tensor), numbersOf(tensor as Tensor), `${name} of ${number}`);
    }
  }
  expect(Object.keys(state).map(Number)).to.include.members([...states.keys()]);
}
