/** The optimizers' golden file, and its ways walked with ours. `scripts/golden/optimizers.py` writes it. */
import { expect } from "chai";
import { Adafactor } from "../../lib/optim/adafactor";
import { Adam } from "../../lib/optim/adam";
import { AdamW } from "../../lib/optim/adamw";
import { Lion } from "../../lib/optim/lion";
import type { Optimizer } from "../../lib/optim/optimizer";
import type { ParamGroup } from "../../lib/optim/param-groups";
import { SGD } from "../../lib/optim/sgd";
import type { DType } from "../../lib/tensor/dtype";
import { Tensor } from "../../lib/tensor/tensor";
import { readGolden } from "./golden";

interface Golden {
  readonly firstGroup: number;
  /** Steps after which weights are written. */
  readonly marks: readonly number[];
  /** Steps after which the state is written. */
  readonly stateSteps: number;
  /** Of the learning rate, by step. */
  readonly factors: readonly number[];
  readonly params: readonly { readonly shape: readonly number[]; readonly start: readonly number[] }[];
  readonly gradients: readonly (readonly (readonly number[] | null)[])[];
  readonly cases: readonly OptimizerCase[];
}

export interface OptimizerCase {
  readonly name: string;
  readonly class: string;
  readonly options: object;
  /** Of the second group. */
  readonly second: object;
  readonly weights: readonly (readonly (readonly number[])[])[];
}

const CLASSES: Readonly<Record<string, new (params: readonly ParamGroup[], options: object) => Optimizer>> = {
  Adafactor,
  Adam,
  AdamW,
  Lion,
  SGD,
};

export const golden = readGolden<Golden>("optimizers.json");
export const LAST = golden.marks.at(-1) as number;

/** Of a value, and of 1 for small ones: roundings in another order, over 16 steps. */
export const TOLERANCE = 1e-6;

/** Parameters after `mark` steps; from the start without. */
export function parametersOf({ weights }: OptimizerCase, mark?: number, dtype: DType = "float32"): Tensor[] {
  return golden.params
    .map(({ shape, start }, i) =>
      Tensor.from([...(mark === undefined ? start : (weights[golden.marks.indexOf(mark)]?.[i] ?? []))], { dtype })
        .reshape([...shape])
        .detach(),
    )
    .map((tensor) => Object.assign(tensor, { requiresGrad: true }));
}

export function makeOptimizer({ class: name, options, second }: OptimizerCase, params: readonly Tensor[]): Optimizer {
  const Class = CLASSES[name] as (typeof CLASSES)[string];
  return new Class(
    [{ params: params.slice(0, golden.firstGroup) }, { params: params.slice(golden.firstGroup), ...second }],
    options,
  );
}

export interface Walk {
  readonly from: number;
  readonly to: number;
  /** Learning rates of the groups that factors are of; by default `initialLr`. */
  readonly rates?: readonly number[];
  readonly foundInf?: Tensor;
  readonly before?: (step: number) => Promise<void>;
  readonly after?: (step: number) => void;
}

/** Takes the steps from one number to another, with gradients and learning rates of the file. */
export async function walk(
  optimizer: Optimizer,
  params: readonly Tensor[],
  { from, to, rates, foundInf, before, after }: Walk,
): Promise<void> {
  const initial = rates ?? optimizer.groups.map(({ initialLr }) => initialLr);
  for (let step = from; step < to; step++) {
    optimizer.groups.forEach((group, i) => {
      if (!Number.isNaN(group.lr)) group.lr = (initial[i] as number) * (golden.factors[step] as number);
    });
    await before?.(step);
    params.forEach((parameter, i) => {
      const gradient = golden.gradients[step]?.[i];
      parameter.grad = gradient
        ? Tensor.from([...gradient], { dtype: parameter.dtype }).reshape(parameter.shape)
        : undefined;
    });
    await optimizer.step(foundInf ? { foundInf } : {});
    after?.(step + 1);
  }
  optimizer.zeroGrad();
}

export const numbersOf = (tensor: Tensor): number[] => Array.from(tensor.toTypedArray(), Number);

export function expectClose(
  ours: readonly number[],
  theirs: readonly number[],
  where: string,
  tolerance = TOLERANCE,
): void {
  expect(ours.length, where).to.equal(theirs.length);
  ours.forEach((value, i) =>
    expect(value, `${where}, element ${i}`).to.be.closeTo(
      theirs[i] as number,
      tolerance * Math.max(1, Math.abs(theirs[i] as number)),
    ),
  );
}

/** Compares with the file's weights after `step` steps, where it has them. */
export function expectWeights(
  { weights }: OptimizerCase,
  params: readonly Tensor[],
  step: number,
  tolerance?: number,
): void {
  const wanted = weights[golden.marks.indexOf(step)];
  if (wanted) {
    params.forEach((parameter, i) =>
      expectClose(numbersOf(parameter), wanted[i] as number[], `step ${step}, parameter ${i}`, tolerance),
    );
  }
}
