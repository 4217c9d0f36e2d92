/**
 * Watches loss and gradient norm on the device, so that training reads them back only to show them.
 *
 * Some scalars live as long as the run and belong to the monitor: sums of losses and of what they count by, the last
 * gradient norm, flags and how many steps they were up. `foundInf` goes to the optimizer, whose kernel then changes
 * nothing: weights and moments stay those of the last good step until the run reads the flags and stops, or goes on.
 */
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { LEAST_SCALE, type LossScaler } from "./loss-scaler";
import { times } from "./objective/weighted-loss";

/** What was on the device at one reading. */
export interface Reading {
  /**
   * Sum of the losses since the last reading, of steps that were taken; NaN or infinite where it was a loss that
   * failed.
   */
  readonly lossSum: number;
  /** Gradient norm of the last step that was taken, before clipping. */
  readonly gradNorm: number;
  /** Steps since the last reading that changed nothing. */
  readonly skipped: number;
  /**
   * Those of them that the policy is about, as the loss, or the gradient at any scale, was not finite: with "stop" all
   * from the first one on.
   */
  readonly failed: number;
  /** What losses are multiplied by; absent where they are not. */
  readonly lossScale?: number;
}

/** What becomes of a run that met a loss or gradient that is not finite. */
export type NonFinitePolicy = "stop" | "skip";

export interface MonitorParts {
  readonly device: string;
  readonly policy: NonFinitePolicy;
  /** For float16: gradients that are not finite are then its business. */
  readonly scaler?: LossScaler | undefined;
}

export class StepMonitor implements Disposable {
  readonly #parts: MonitorParts;
  readonly #scalars: Tensor[] = [];
  /** 1 at a step that must change nothing, else 0. Float32 scalar, owned by the monitor. */
  readonly foundInf: Tensor;
  /** With "stop" 1 from the first failure on, with "skip" 1 at one. */
  readonly #failed: Tensor;
  readonly #lossSum: Tensor;
  /** Sum of the losses of an update's batches, each times its weight. */
  readonly #updateLoss: Tensor;
  /** Sum of the weights of an update's batches, as far as they are on the device. */
  readonly #deviceWeight: Tensor;
  readonly #gradNorm: Tensor;
  readonly #skippedSteps: Tensor;
  readonly #failedSteps: Tensor;
  /** The rest of the weights. */
  #weight = 0;
  /** Whether any of it is on the device. */
  #weighted = false;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    const zero = (): Tensor => {
      const scalar = Tensor.from(0, { dtype: "float32", device: parts.device });
      this.#scalars.push(scalar);
      return scalar;
    };
    this.foundInf = zero();
    this.#failed = zero();
    this.#lossSum = zero();
    this.#updateLoss = zero();
    this.#deviceWeight = zero();
    this.#gradNorm = zero();
    this.#skippedSteps = zero();
    this.#failedSteps = zero();
  }

  /** Goes on with the gradient norm of the last step before a break. */
  resume(gradNorm: number): void {
    scope(() => this.#gradNorm.fill_(gradNorm));
  }

  /**
   * Takes in the loss of one of an update's batches, times its weight; waits for nothing. Gives what backward begins
   * with.
   */
  add(weightedLoss: Tensor, weight: number | Tensor): Tensor {
    scope(() => {
      this.#updateLoss.add_(weightedLoss.detach());
      if (weight instanceof Tensor) this.#deviceWeight.add_(weight.detach());
      else this.#weight += weight;
    });
    this.#weighted ||= weight instanceof Tensor;
    const { scaler } = this.#parts;
    return scaler ? weightedLoss.mul(scaler.scale) : weightedLoss;
  }

  /** Forgets an update's batches, whose gradients are gone. */
  forget(): void {
    scope(() => {
      this.#updateLoss.zero_();
      this.#deviceWeight.zero_();
    });
    this.#weight = 0;
    this.#weighted = false;
  }

  /** What makes a mean of an update's summed gradients, in the caller's scope where it is a tensor. */
  get gradientScale(): number | Tensor {
    const { scaler } = this.#parts;
    const mean = this.#meanFactor;
    if (!scaler) return mean;
    return times(scaler.scale.reciprocal(), mean);
  }

  get #meanFactor(): number | Tensor {
    return this.#weighted ? this.#deviceWeight.add(this.#weight).reciprocal() : 1 / this.#weight;
  }

  /** Takes in one step's gradient norm, before the optimizer's step; waits for nothing. */
  update(gradNorm: Tensor): void {
    const { policy, scaler } = this.#parts;
    scope(() => {
      const loss = times(this.#updateLoss, this.#meanFactor);
      const overflow = gradNorm.isfinite().logicalNot();
      const badLoss = loss.isfinite().logicalNot();
      const failed = scaler ? badLoss : badLoss.logicalOr(overflow);
      if (policy === "stop") this.#failed.logicalOr_(failed);
      else this.#failed.copy_(failed);
      this.foundInf.copy_(overflow.logicalOr(this.#failed));
      scaler?.update(overflow.to({ dtype: "float32" }));
      // With "stop" the sum shows which of the two it was.
      const left =
        policy === "stop" ? this.foundInf.logicalAnd(this.#failed.logicalNot()) : this.foundInf.to({ dtype: "bool" });
      this.#lossSum.add_(ops.where(left, 0, loss));
      this.#gradNorm.copy_(ops.where(this.foundInf.to({ dtype: "bool" }), this.#gradNorm, gradNorm));
      this.#skippedSteps.add_(this.foundInf);
      this.#failedSteps.add_(this.#failed);
    });
    this.forget();
  }

  /** One copy from the device; the sums start anew. */
  async read(): Promise<Reading> {
    const { policy, scaler } = this.#parts;
    const [lossSum = NaN, gradNorm = NaN, skipped = NaN, failed = NaN, lossScale] = await scope(async () => {
      const scalars = [
        this.#lossSum,
        this.#gradNorm,
        this.#skippedSteps,
        this.#failedSteps,
        ...(scaler ? [scaler.scale] : []),
      ];
      const values = (await ops.stack(scalars).read()) as Float32Array;
      this.#lossSum.zero_();
      this.#skippedSteps.zero_();
      if (policy === "skip") this.#failedSteps.zero_();
      return values;
    });
    const lost = lossScale !== undefined && lossScale < LEAST_SCALE ? skipped : 0;
    return {
      lossSum,
      gradNorm,
      skipped,
      failed: Math.max(failed, lost),
      ...(lossScale !== undefined && { lossScale }),
    };
  }

  [Symbol.dispose](): void {
    for (const scalar of this.#scalars) scalar.dispose();
  }
}
