/** What of a run its progress shows: the latest numbers, and the time that is left. */
import type { TrainerEvent } from "./events";

/** What is undefined is not known yet, or not at all. */
export interface ProgressState {
  readonly device: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  /** Passes over the data in all, with fraction. */
  readonly epochs?: number | undefined;
  readonly loss?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly gradNorm?: number | undefined;
  readonly examplesPerSecond?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly paddingShare?: number | undefined;
  /** Most bytes in use on the device. */
  readonly peakBytes?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

/** Follows a run by its events. */
export class ProgressTracker {
  /** Undefined before the run's start. */
  state: ProgressState | undefined;
  readonly #now: () => number;
  #started = 0;
  #evaluating = 0;
  #resumedAt = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  take(event: TrainerEvent): void {
    switch (event.type) {
      case "start":
        this.#started = this.#now();
        this.state = { device: event.device, step: 0, totalSteps: event.totalSteps, epoch: 0 };
        break;
      case "resume":
        this.#resumedAt = event.step;
        this.#update({ step: event.step, epoch: event.epoch });
        break;
      case "step":
        this.#update({ step: event.step, epoch: event.epoch, learningRate: event.learningRate });
        break;
      case "log": {
        const { step, epoch, loss, learningRate, gradNorm, examplesPerSecond, tokensPerSecond, paddingShare, memory } =
          event;
        this.#update({
          step,
          epoch,
          loss,
          learningRate,
          gradNorm,
          examplesPerSecond,
          tokensPerSecond,
          paddingShare,
          peakBytes: memory.peakBytes,
        });
        break;
      }
      case "evaluate":
        this.#evaluating += event.metrics.seconds;
        break;
      case "checkpoint":
      case "end":
        break;
    }
  }

  #update(news: Partial<ProgressState> & Pick<ProgressState, "step" | "epoch">): void {
    if (this.state === undefined) return;
    const { totalSteps } = this.state;
    const training = (this.#now() - this.#started) / 1000 - this.#evaluating;
    const done = news.step - this.#resumedAt;
    this.state = {
      ...this.state,
      ...news,
      epochs: (news.epoch * totalSteps) / news.step,
      secondsLeft: done === 0 ? undefined : (training / done) * (totalSteps - news.step),
    };
  }
}

/** How long work takes that is counted in batches: since its first one, which it waits for most. */
export class BatchTimer {
  readonly #now: () => number;
  #started = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until all are done, once a batch was; undefined for the first. */
  secondsLeft(done: number, total: number): number | undefined {
    if (done <= 1) this.#started = this.#now();
    return done <= 1 ? undefined : ((this.#now() - this.#started) / 1000 / (done - 1)) * (total - done);
  }
}
