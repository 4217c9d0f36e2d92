/** When a run writes checkpoints, which of them stay, and which is the best. */
import type { Evaluation } from "../evaluation";
import type { ResolvedTrainerOptions } from "../options";
import { type CheckpointState, type Companions, type Parts, restoreWeights, writeCheckpoint } from "./checkpoint";
import { checkpointPath, pruneCheckpoints } from "./checkpoint-folder";

/** The best evaluation so far; plain data. */
export interface Best {
  readonly step: number;
  /** Of `metricForBestModel`. */
  readonly value: number;
}

export class Saver {
  readonly #options: ResolvedTrainerOptions;
  readonly #parts: Parts;
  readonly #companions: Companions;
  #best: Best | undefined;
  #savedStep: number | undefined;
  #savedAt = performance.now();

  constructor(options: ResolvedTrainerOptions, parts: Parts, companions: Companions) {
    this.#options = options;
    this.#parts = parts;
    this.#companions = companions;
  }

  get best(): Best | undefined {
    return this.#best;
  }

  /** Whether any checkpoints are written. */
  get on(): boolean {
    return this.#options.saveStrategy !== "no";
  }

  /** Whether a step that was just done is to be saved. */
  dueAfter(step: number): boolean {
    const { saveStrategy, saveSteps, saveSeconds } = this.#options;
    if (saveStrategy === "steps") return step % saveSteps === 0;
    return saveStrategy === "seconds" && performance.now() - this.#savedAt >= 1000 * saveSeconds;
  }

  /** Whether an epoch that was just evaluated is to be saved: all are, or it is the best so far and is going to be loaded at the end. */
  dueAfterEpoch(step: number): boolean {
    const { saveStrategy, loadBestModelAtEnd } = this.#options;
    return saveStrategy === "epoch" || (loadBestModelAtEnd && this.#best?.step === step);
  }

  /** Goes on as a run that was broken off at a step. */
  resume(step: number, best: Best | undefined): void {
    this.#savedStep = step;
    this.#best = best;
  }

  /** Takes an evaluation in. NaN is no progress. */
  rate(step: number, metrics: Evaluation): void {
    const { metricForBestModel: metric, greaterIsBetter = metric !== "loss" } = this.#options;
    const value = metrics[metric];
    const better = this.#best === undefined || (greaterIsBetter ? value > this.#best.value : value < this.#best.value);
    if (better && !Number.isNaN(value)) this.#best = { step, value };
  }

  /** Writes a checkpoint, unless the step has one with the same books, and removes what is too old. Resolves with its folder. Throws ERR_FILE_WRITE. */
  async write(state: CheckpointState): Promise<string> {
    const { step } = state.run;
    const { outputDir = "", saveTotalLimit = Infinity } = this.#options;
    const folder = checkpointPath(outputDir, step);
    await writeCheckpoint(folder, this.#parts, state, this.#companions);
    this.#savedStep = step;
    this.#savedAt = performance.now();
    const keep = this.#best && this.#options.loadBestModelAtEnd ? [this.#best.step] : [];
    await pruneCheckpoints(outputDir, saveTotalLimit, new Set(keep));
    return folder;
  }

  /** Whether the step is in a checkpoint already. */
  has(step: number): boolean {
    return this.#savedStep === step;
  }

  /** Puts the best evaluation's weights into the model; false where there is none. Throws ERR_CHECKSUM. */
  async loadBest(): Promise<boolean> {
    if (!this.#best) return false;
    await restoreWeights(checkpointPath(this.#options.outputDir ?? "", this.#best.step), this.#parts.model);
    return true;
  }
}
