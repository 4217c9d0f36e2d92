/** Parameters that are not trained, for the time of a run or until their turn comes. */
import { TorchwrightError } from "../../errors";
import type { TextClassifier } from "../../models/model";
import type { Tensor } from "../../tensor/tensor";
import { layerDepths } from "./layer-depth";
import { checkPatterns, matcherOf, type NamePattern } from "./name-pattern";

export interface FreezeOptions {
  readonly freeze: readonly NamePattern[];
  readonly gradualUnfreezing: boolean;
}

export class Freezing implements Disposable {
  readonly #frozen: readonly Tensor[];
  /** What waits for its turn, with the epoch in which it comes. */
  readonly #waiting: readonly { readonly parameter: Tensor; readonly epoch: number }[];

  /** @throws ERR_INVALID_ARG for a pattern that fits no name, or layers that cannot be told apart */
  constructor(model: TextClassifier, { freeze, gradualUnfreezing }: FreezeOptions) {
    const named = model.namedParameters();
    const names = named.map(([name]) => name);
    checkPatterns("freeze", freeze, names);
    const fits = matcherOf(freeze);
    const trainable = named.filter(([, parameter]) => parameter.requiresGrad);
    this.#frozen = trainable.filter(([name]) => fits(name)).map(([, parameter]) => parameter);
    const depths = layerDepths(names);
    const head = Math.max(...depths.values());
    if (gradualUnfreezing && head < 2) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `fit: expected a model with numbered layers with gradualUnfreezing, as encoder.layer.0.…, got ${names.slice(0, 5).join(", ")}, …`,
      );
    }
    this.#waiting = trainable.flatMap(([name, parameter]) =>
      gradualUnfreezing && !fits(name) ? [{ parameter, epoch: head - (depths.get(name) as number) }] : [],
    );
    for (const parameter of this.#frozen) parameter.requiresGrad = false;
  }

  /** In an epoch, counted from 0, what has had its turn is trained, and the rest is not. */
  atEpoch(epoch: number): void {
    for (const { parameter, epoch: turn } of this.#waiting) parameter.requiresGrad = turn <= epoch;
  }

  /** All is trainable that was before. */
  [Symbol.dispose](): void {
    for (const parameter of this.#frozen) parameter.requiresGrad = true;
    this.atEpoch(Infinity);
  }
}
