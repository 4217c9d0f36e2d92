/**
 * Watches loss and gradient norm on the device, so that training reads them back only to show them.
 *
 * Four scalars live as long as the run and belong to the monitor: the sum of losses, the last
 * gradient norm, a flag that stays up once either was NaN or infinite, and how many steps it was up.
 * The flag goes to the optimizer as `foundInf`, whose fused kernel then changes nothing: weights and
 * moments stay those of the last good step until the run reads the flag and stops.
 */
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";

/** What was on the device at one reading. */
export interface Reading {
  /** Sum of the losses since the last reading. */
  readonly lossSum: number;
  /** Gradient norm of the last step, before clipping. */
  readonly gradNorm: number;
  /** Steps that were not taken because of a value that is not finite, the first one included. */
  readonly skipped: number;
}

export class StepMonitor implements Disposable {
  /** 1 from the first non-finite step on, else 0; float32 scalar, owned by the monitor. */
  readonly foundInf: Tensor;
  readonly #lossSum: Tensor;
  readonly #gradNorm: Tensor;
  readonly #skipped: Tensor;

  constructor(device: string) {
    const zero = (): Tensor => Tensor.from(0, { dtype: "float32", device });
    this.foundInf = zero();
    this.#lossSum = zero();
    this.#gradNorm = zero();
    this.#skipped = zero();
  }

  /** Takes in one step's loss and gradient norm, before the optimizer's step; waits for nothing. */
  update(loss: Tensor, gradNorm: Tensor): void {
    scope(() => {
      const value = loss.detach();
      // A sum is finite when both are; norms near the largest float do not occur in practice.
      const bad = value.add(gradNorm).isfinite().logicalNot();
      this.foundInf.logicalOr_(bad);
      this.#skipped.add_(this.foundInf);
      this.#lossSum.add_(value);
      this.#gradNorm.copy_(gradNorm);
    });
  }

  /** One copy from the device; the sum of losses starts anew. */
  async read(): Promise<Reading> {
    const [lossSum = NaN, gradNorm = NaN, skipped = NaN] = await scope(async () => {
      const values = (await ops.stack([this.#lossSum, this.#gradNorm, this.#skipped]).read()) as Float32Array;
      this.#lossSum.zero_();
      return values;
    });
    return { lossSum, gradNorm, skipped };
  }

  [Symbol.dispose](): void {
    for (const tensor of [this.foundInf, this.#lossSum, this.#gradNorm, this.#skipped]) tensor.dispose();
  }
}
