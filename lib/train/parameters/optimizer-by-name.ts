/** Optimizers by the names that the Trainer's `optim` has for them. */
import { Adafactor } from "../../optim/adafactor";
import { Adam } from "../../optim/adam";
import { AdamW, type AdamWOptions } from "../../optim/adamw";
import { Lion } from "../../optim/lion";
import type { Optimizer } from "../../optim/optimizer";
import type { ParamGroup } from "../../optim/param-groups";
import { SGD } from "../../optim/sgd";

/** What the Trainer's options say of it. */
export interface OptimizerChoice {
  readonly optim: OptimizerName | OptimizerFactory;
  readonly optimArgs: Readonly<Record<string, unknown>>;
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamEpsilon: number;
}

type AdamChoice = Omit<OptimizerChoice, "optim" | "optimArgs">;
type Kwargs = Readonly<Record<string, unknown>>;
type Make = (groups: readonly ParamGroup[], options: AdamChoice, kwargs: Kwargs) => Optimizer;

const betas = ({ adamBeta1, adamBeta2, adamEpsilon }: AdamChoice): AdamWOptions => ({
  betas: [adamBeta1, adamBeta2],
  eps: adamEpsilon,
});

/** Learning rates and weight decays are the groups'. Adam's options come from the Trainer's, as in Hugging Face's. */
const OPTIMIZERS = {
  adamw: (groups, options, kwargs) => new AdamW(groups, { ...betas(options), ...kwargs }),
  adam: (groups, options, kwargs) => new Adam(groups, { ...betas(options), ...kwargs }),
  sgd: (groups, _options, kwargs) => new SGD(groups, kwargs),
  adafactor: (groups, _options, kwargs) =>
    new Adafactor(groups, { scaleParameter: false, relativeStep: false, ...kwargs }),
  lion: (groups, { adamBeta1, adamBeta2 }, kwargs) => new Lion(groups, { betas: [adamBeta1, adamBeta2], ...kwargs }),
} as const satisfies Readonly<Record<string, Make>>;

/** The optimizers by name. */
export type OptimizerName = keyof typeof OPTIMIZERS;

export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as readonly OptimizerName[];

/** An optimizer of one's own over the run's groups; the Trainer disposes it. */
export type OptimizerFactory = (groups: readonly ParamGroup[]) => Optimizer;

/** @throws TorchwrightError ERR_INVALID_ARG for options that the optimizer does not have */
export function makeOptimizer(groups: readonly ParamGroup[], options: OptimizerChoice): Optimizer {
  const { optim, optimArgs } = options;
  if (typeof optim === "function") return optim(groups);
  const make: Make = OPTIMIZERS[optim];
  return make(groups, options, optimArgs);
}
