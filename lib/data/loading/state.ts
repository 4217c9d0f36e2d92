/** Where a loader is in its epochs: what is saved so that a run can go on with the same batches. */
import { describe, TorchwrightError } from "../../errors";

/** A loader's place, as `loader.state()` gives it; plain data that JSON keeps. */
export interface LoaderState {
  /** The form of this record. */
  readonly version: 1;
  /** The epoch, from 0. */
  readonly epoch: number;
  /** Batches of the epoch that were delivered. */
  readonly batch: number;
  /** Data, sampler and batch size: the same batches follow only under the same ones. */
  readonly feed: string;
}

/** Checks a state for a loader; throws ERR_INVALID_ARG. */
export function checkState(state: unknown, feed: string): LoaderState {
  const {
    version,
    epoch,
    batch,
    feed: saved,
  } = (typeof state === "object" && state !== null ? state : {}) as Partial<LoaderState>;
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  if (version !== 1 || !whole(epoch) || !whole(batch) || typeof saved !== "string") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `DataLoader.resume: expected what state() of a loader gave, got ${describe(state)}`,
    );
  }
  if (saved !== feed) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `DataLoader.resume: expected the state of a loader over the same data in the same order (${feed}), got one of ${saved}`,
    );
  }
  return state as LoaderState;
}
