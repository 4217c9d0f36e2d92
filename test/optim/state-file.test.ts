/**
 * Files of optimizers' states: what is refused, and that nothing changes then. `optimizers.golden.test.ts` has those
 * that are read.
 */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AdamW } from "../../lib/optim/adamw";
import type { Optimizer } from "../../lib/optim/optimizer";
import { SGD } from "../../lib/optim/sgd";
import { loadOptimizerState, saveOptimizerState } from "../../lib/optim/state-file";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN } from "../support/golden";
import { golden, makeOptimizer, numbersOf, type OptimizerCase, parametersOf } from "../support/golden-optimizers";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const caseOf = (name: string): OptimizerCase => golden.cases.find((one) => one.name === name) as OptimizerCase;
const fileOf = (name: string): string => join(GOLDEN, "optimizers", `${name}.pt`);
const states = (optimizer: Optimizer): number[][] =>
  optimizer.namedStates(() => "").map(([, tensor]) => numbersOf(tensor));

describe("loadOptimizerState", () => {
  it("refuses a damaged file, another optimizer's and what is none, and changes nothing", () =>
    inFolder((folder) =>
      scope(async () => {
        const one = caseOf("adamw");
        const params = parametersOf(one);
        using optimizer = makeOptimizer(one, params);
        for (const parameter of params) parameter.grad = ops.onesLike(parameter);
        await optimizer.step();
        const before = [states(optimizer), optimizer.pythonGroups()];
        const damaged = readFileSync(fileOf("adamw"));
        // In the name of a state, within the pickle.
        damaged.write("exp_avh", damaged.indexOf("exp_avg"));
        const file = join(folder, "optimizer.pt");
        await writeFile(file, damaged);
        await rejection(loadOptimizerState(file, optimizer), "ERR_TORCH_FILE");
        await rejection(loadOptimizerState(join(GOLDEN, "torch_files", "call.pt"), optimizer), "ERR_TORCH_FILE");
        await rejection(loadOptimizerState(join(folder, "none.pt"), optimizer), "ERR_FILE_NOT_FOUND");
        // Data, and of torch.save, but no optimizer's.
        await rejection(loadOptimizerState(join(GOLDEN, "torch_files", "values.pt"), optimizer), "ERR_INVALID_ARG");
        for (const other of ["adam", "adamw-amsgrad", "adafactor"]) {
          await rejection(loadOptimizerState(fileOf(other), optimizer), "ERR_INVALID_ARG");
        }
        for (const other of ["sgd-momentum", "lion"]) {
          await rejection(loadOptimizerState(fileOf(other), optimizer), "ERR_WEIGHTS_MISMATCH");
        }
        expect([states(optimizer), optimizer.pythonGroups()]).to.deep.equal(before);
        using ungrouped = new AdamW(params);
        const { message } = await rejection(loadOptimizerState(fileOf("adamw"), ungrouped), "ERR_WEIGHTS_MISMATCH");
        expect(message).to.contain("groups of 6 parameters").and.contain("got 4 and 2");
        using misshaped = new AdamW([{ params: params.slice(0, 4) }, { params: params.slice(4).reverse() }]);
        expect(
          (await rejection(loadOptimizerState(fileOf("adamw"), misshaped), "ERR_WEIGHTS_MISMATCH")).message,
        ).to.contain("parameter 4");
        optimizer.zeroGrad();
      }),
    ));

  it("refuses what is no path and no optimizer", () =>
    scope(async () => {
      using optimizer = new SGD([Tensor.from([1], { requiresGrad: true })]);
      for (const path of ["", 5, undefined]) {
        await rejection(loadOptimizerState(path as string, optimizer), "ERR_INVALID_ARG");
        await rejection(saveOptimizerState(path as string, optimizer), "ERR_INVALID_ARG");
      }
      for (const other of [undefined, {}, { groups: [] }]) {
        await rejection(loadOptimizerState(fileOf("sgd"), other as unknown as Optimizer), "ERR_INVALID_ARG");
        await rejection(saveOptimizerState("optimizer.pt", other as unknown as Optimizer), "ERR_INVALID_ARG");
      }
    }));
});

describe("saveOptimizerState", () => {
  it("writes no states where there are none, and keeps layouts in memory, for kernels that go by it", () =>
    inFolder((folder) =>
      scope(async () => {
        const file = join(folder, "optimizer.pt");
        const plain = Tensor.from([1], { requiresGrad: true });
        using sgd = new SGD([plain], { lr: 0.25 });
        await saveOptimizerState(file, sgd);
        using again = new SGD([plain]);
        await loadOptimizerState(file, again);
        expect(again.lr).to.equal(0.25);

        const turned = ops.arange(6, { dtype: "float32" }).view([2, 3]).t().detach();
        turned.requiresGrad = true;
        using optimizer = new SGD([turned], { momentum: 0.9 });
        turned.grad = ops.arange(6, { dtype: "float32" }).view([3, 2]);
        await optimizer.step();
        turned.grad = undefined;
        await saveOptimizerState(file, optimizer);
        const before = states(optimizer);
        expect(before).to.deep.equal([[0, 1, 2, 3, 4, 5]]);
        // In the file as in memory: by columns.
        const bytes = readFileSync(file);
        expect(bytes.includes(Buffer.from(Float32Array.of(0, 2, 4, 1, 3, 5).buffer))).to.equal(true);
        using fresh = new SGD([turned], { momentum: 0.9 });
        await loadOptimizerState(file, fresh);
        expect(states(fresh)).to.deep.equal(before);
        expect(await readdir(folder)).to.deep.equal(["optimizer.pt"]);
      }),
    ));
});
