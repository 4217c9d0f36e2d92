/**
 * Watches loss and gradient norm on the device, so that training reads them back only to show them.
 *
 * Five scalars live as long as the run and belong to the monitor: the sum of losses, that of the update in progress, the
 * last gradient norm, a flag that stays up once either was NaN or infinite, and how many steps it was up.
 * The flag goes to the optimizer as `foundInf`, whose fused kernel then changes nothing: weights and
 * moments stay those of the last good step until the run reads the flag and stops, or goes on.
 */
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";

/** What was on the device at one reading. */
export interface Reading {
  /** Sum of the losses since the last reading, with "skip" of the steps that were taken. */
  readonly lossSum: number;
  /** Gradient norm of the last step, with "skip" of the last that was taken, before clipping. */
  readonly gradNorm: number;
  /** Steps that were not taken because of a value that is not finite: with "stop" all from the first one on, with "skip" since the last reading. */
  readonly skipped: number;
}

/** What becomes of a run that met a loss or gradient that is not finite. */
export type NonFinitePolicy = "stop" | "skip";

export class StepMonitor implements Disposable {
  /** With "stop" 1 from the first non-finite step on, with "skip" 1 at such a step; else 0. Float32 scalar, owned by the monitor. */
  readonly foundInf: Tensor;
  readonly #lossSum: Tensor;
  /** Sum of the losses of an update's batches, each times its weight. */
  readonly #updateLoss: Tensor;
  readonly #gradNorm: Tensor;
  readonly #skipped: Tensor;

  constructor(device: string, private readonly policy: NonFinitePolicy) {
    const zero = (): Tensor => Tensor.from(0, { dtype: "float32", device });
    this.foundInf = zero();
    this.#lossSum = zero();
    this.#updateLoss = zero();
    this.#gradNorm = zero();
    this.#skipped = zero();
  }

  /** Goes on with the gradient norm of the last step before a break. */
  resume(gradNorm: number): void {
    scope(() => this.#gradNorm.fill_(gradNorm));
  }

  /** Takes in the loss of one of an update's batches, times its weight; waits for nothing. */
  add(weightedLoss: Tensor): void {
    scope(() => this.#updateLoss.add_(weightedLoss.detach()));
  }

  /** Takes in one step's gradient norm, before the optimizer's step; waits for nothing. `weight` is that of all its batches. */
  update(gradNorm: Tensor, weight: number): void {
    scope(() => {
      const loss = this.#updateLoss.div(weight);
      // A sum is finite when both are; norms near the largest float do not occur in practice.
      const bad = loss.add(gradNorm).isfinite().logicalNot();
      if (this.policy === "stop") {
        this.foundInf.logicalOr_(bad);
        this.#lossSum.add_(loss);
        this.#gradNorm.copy_(gradNorm);
      } else {
        this.foundInf.copy_(bad);
        this.#lossSum.add_(ops.where(bad, 0, loss));
        this.#gradNorm.copy_(ops.where(bad, this.#gradNorm, gradNorm));
      }
      this.#skipped.add_(this.foundInf);
      this.#updateLoss.zero_();
    });
  }

  /** One copy from the device; the sum of losses starts anew. */
  async read(): Promise<Reading> {
    const [lossSum = NaN, gradNorm = NaN, skipped = NaN] = await scope(async () => {
      const values = (await ops.stack([this.#lossSum, this.#gradNorm, this.#skipped]).read()) as Float32Array;
      this.#lossSum.zero_();
      if (this.policy === "skip") this.#skipped.zero_();
      return values;
    });
    return { lossSum, gradNorm, skipped };
  }

  [Symbol.dispose](): void {
    for (const tensor of [this.foundInf, this.#lossSum, this.#updateLoss, this.#gradNorm, this.#skipped]) tensor.dispose();
  }
}
