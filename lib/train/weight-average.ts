/** An average of the weights over a run's steps, which often generalises better than the last ones. */
import type { TextClassifier } from "../models/model";
import type { Tensor } from "../tensor/tensor";
import { describe, TorchwrightError } from "../errors";
import { copyTensors, emptyCopies, queueForeach } from "./parameters/copy-tensors";

/** How weights are averaged. */
export type WeightAverageOptions =
  | {
      /**
       * Exponential moving average: the average moves by 1 − decay towards the weights after every step (Polyak &
       * Juditsky 1992).
       */
      readonly type: "ema";
      /** In [0, 1). Default 0.999. */
      readonly decay?: number;
    }
  | {
      /** The plain mean of weights taken now and then (Izmailov et al. 2018). */
      readonly type: "swa";
      /** Share of all steps after which it begins, in [0, 1). Default 0.75. */
      readonly start?: number;
      /** Steps between two weights that are taken. Default 1. */
      readonly every?: number;
    };

/**
 * Averages as `torch.optim.swa_utils.AveragedModel` does: the first weights are taken as they are. Its tensors, one of
 * each trained parameter's shape, are on the model's device and its own until it is disposed.
 */
export class WeightAverage implements Disposable {
  readonly #options: WeightAverageOptions;
  readonly #names: readonly string[];
  readonly #parameters: readonly Tensor[];
  readonly #averages: readonly Tensor[];
  readonly #totalSteps: number;
  /** Weights that were taken. */
  #count = 0;

  constructor(model: TextClassifier, options: WeightAverageOptions, totalSteps: number) {
    const trained = model.namedParameters().filter(([, parameter]) => parameter.requiresGrad);
    this.#options = options;
    this.#names = trained.map(([name]) => name);
    this.#parameters = trained.map(([, parameter]) => parameter);
    this.#averages = emptyCopies(this.#parameters);
    this.#totalSteps = totalSteps;
    copyTensors(this.#averages, this.#parameters).catch(() => undefined); // what it never averages, it has; a rejection means that the process is ending
  }

  /** Takes in the weights after a step, counted from 1. */
  async update(step: number): Promise<void> {
    if (!this.#isDue(step)) return;
    const weight =
      this.#count === 0 ? 1 : this.#options.type === "ema" ? 1 - (this.#options.decay ?? 0.999) : 1 / (this.#count + 1);
    this.#count += 1;
    await queueForeach("_foreach_lerp_.Scalar", this.#averages, this.#parameters, weight);
  }

  #isDue(step: number): boolean {
    if (this.#options.type === "ema") return true;
    const { start = 0.75, every = 1 } = this.#options;
    const first = Math.floor(start * this.#totalSteps) + 1;
    return step >= first && (step - first) % every === 0;
  }

  /** Runs `work` with the average in the model's place. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count === 0) return work();
    const kept = emptyCopies(this.#parameters);
    try {
      await copyTensors(kept, this.#parameters);
      await copyTensors(this.#parameters, this.#averages);
      try {
        return await work();
      } finally {
        await copyTensors(this.#parameters, kept);
      }
    } finally {
      for (const tensor of kept) tensor.dispose();
    }
  }

  /** Puts the average into the model, for good; nothing where there is none yet. */
  async apply(): Promise<void> {
    if (this.#count > 0) await copyTensors(this.#parameters, this.#averages);
  }

  /** To be saved, and to be filled by `copy_`. */
  namedStates(): (readonly [string, Tensor])[] {
    return this.#names.map((name, i) => [`average.${name}`, this.#averages[i] as Tensor]);
  }

  /** What is not in tensors; plain data. */
  state(): { readonly count: number } {
    return { count: this.#count };
  }

  load({ count }: { readonly count: number }): void {
    this.#count = count;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#averages) tensor.dispose();
  }
}

/** Checks the option; throws ERR_INVALID_ARG. */
export function checkWeightAverage(options: WeightAverageOptions): void {
  const invalid = (name: string, expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected averageWeights.${name} to be ${expected}, got ${describe(got)}`,
    );
  const known = { ema: ["type", "decay"], swa: ["type", "start", "every"] }[options.type];
  if (!known) throw invalid("type", '"ema" or "swa"', options.type);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected averageWeights of type "${options.type}" to have ${known.join(", ")}, got ${unknown}`,
    );
  }
  const inShare = (value: unknown): boolean => typeof value === "number" && value >= 0 && value < 1;
  if (options.type === "ema" && !inShare(options.decay ?? 0.999)) {
    throw invalid("decay", "a number in [0, 1)", options.decay);
  }
  if (options.type !== "swa") return;
  const { start = 0.75, every = 1 } = options;
  if (!inShare(start)) throw invalid("start", "a number in [0, 1)", start);
  if (!(Number.isSafeInteger(every) && every > 0)) throw invalid("every", "a whole number above 0", every);
}
