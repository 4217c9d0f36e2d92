/** Keeps float16 gradients from vanishing: the loss is multiplied before backward, by a factor that finds itself. */
import { outsideScopes } from "../tensor/context";
import { callInternal } from "../tensor/operators";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";

/** `torch.amp.GradScaler`'s defaults. */
const INITIAL_SCALE = 65536;
const GROWTH_FACTOR = 2;
const BACKOFF_FACTOR = 0.5;
const GROWTH_INTERVAL = 2000;

/** A factor below this says that gradients are not finite at any scale. */
export const LEAST_SCALE = 2 ** -14;

/**
 * Dynamic loss scaling as `torch.amp.GradScaler`: halved where gradients overflow, in a step that is then left out, and
 * doubled after 2,000 steps without. Factor and count live on the device, so that nobody waits for them.
 *
 * Source: Micikevicius et al., *Mixed Precision Training*, 2018.
 */
export class LossScaler implements Disposable {
  /** float32 scalar. */
  readonly scale: Tensor;
  /** Steps since the last change, int32 scalar. */
  readonly #growthTracker: Tensor;

  constructor(device: string) {
    [this.scale, this.#growthTracker] = outsideScopes(() => [
      Tensor.from(INITIAL_SCALE, { dtype: "float32", device }),
      Tensor.from(0, { dtype: "int32", device }),
    ]);
  }

  /** Takes in whether a step's gradients overflowed, a float32 scalar of 0 or 1. */
  update(overflow: Tensor): void {
    scope(
      () =>
        void callInternal("_amp_update_scale_", [
          this.scale,
          this.#growthTracker,
          overflow,
          GROWTH_FACTOR,
          BACKOFF_FACTOR,
          GROWTH_INTERVAL,
        ]),
    );
  }

  /** To be saved, and to be filled by `copy_`. */
  namedStates(): (readonly [string, Tensor])[] {
    return [
      ["loss_scaler.scale", this.scale],
      ["loss_scaler.growth_tracker", this.#growthTracker],
    ];
  }

  [Symbol.dispose](): void {
    this.scale.dispose();
    this.#growthTracker.dispose();
  }
}
