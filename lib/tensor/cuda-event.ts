/** A moment on a CUDA device's stream, for timing what the device does. */
import { describe, TorchwrightError } from "../errors";
import { native } from "../native/load";
import { checkOptions } from "./check-options";
import { resolveDevice } from "./device";

/** Where an event is recorded, and whether it takes the time. */
export interface CudaEventOptions {
  /** Default: `"cuda"`. */
  readonly device?: string;
  /** Whether {@link CudaEvent.elapsedTime} will be asked. Default: true (PyTorch's is false). */
  readonly enableTiming?: boolean;
}

const finalizers = new FinalizationRegistry<number>((event) => native().releaseEvent(event));

/** As `torch.cuda.Event`. Freed by {@link CudaEvent.dispose}, `using`, or the garbage collector. */
export class CudaEvent {
  readonly #number: number;
  readonly #device: string;

  /**
   * @throws TorchwrightError ERR_DEVICE_UNAVAILABLE without CUDA, ERR_INVALID_ARG for a device that is none of CUDA's
   */
  constructor(options: CudaEventOptions = {}) {
    const { device = "cuda", enableTiming = true } = checkOptions("Event", options, ["device", "enableTiming"]);
    if (typeof enableTiming !== "boolean") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Event: expected enableTiming to be true or false, got ${describe(enableTiming)}`,
      );
    }
    this.#device = resolveDevice(device);
    this.#number = native().makeEvent(this.#device, enableTiming);
    finalizers.register(this, this.#number, this);
  }

  /**
   * Marks this point of the device's current stream: behind everything that was called before, also on the
   * executor, whose queue it waits for.
   */
  record(): void {
    native().recordEvent(this.#number, this.#device);
  }

  /** Whether the device has reached the recorded point; true before the first `record`. */
  query(): boolean {
    return native().queryEvent(this.#number);
  }

  /** Resolves when the device has reached the recorded point. */
  async synchronize(): Promise<void> {
    await native().synchronizeEvent(this.#number);
  }

  /**
   * Milliseconds from this event to `end`, as the device measured them.
   *
   * @throws TorchwrightError ERR_INVALID_ARG unless both were recorded and are over (`await end.synchronize()`)
   */
  elapsedTime(end: CudaEvent): number {
    if (!(end instanceof CudaEvent)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `elapsedTime: expected an event, got ${describe(end)}`);
    }
    return native().elapsedTime(this.#number, end.#number);
  }

  /** Frees the event. Twice is once. */
  dispose(): void {
    finalizers.unregister(this);
    native().releaseEvent(this.#number);
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
