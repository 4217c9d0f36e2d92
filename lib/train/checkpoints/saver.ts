/** When a run writes checkpoints, and which of them stay. */
import type { BestModel } from "../best-model";
import type { ResolvedTrainerOptions } from "../options";
import {
  type CheckpointState,
  type Companions,
  type Parts,
  readState,
  restore,
  restoreWeights,
  writeCheckpoint,
} from "./checkpoint";
import { checkpointPath, type PassedOver, pruneCheckpoints } from "./checkpoint-folder";

export class Saver {
  readonly #options: ResolvedTrainerOptions;
  readonly #parts: Parts;
  readonly #companions: Companions;
  readonly #bestModel: BestModel;
  #savedStep: number | undefined;
  #savedAt = performance.now();

  constructor(options: ResolvedTrainerOptions, parts: Parts, companions: Companions, bestModel: BestModel) {
    this.#options = options;
    this.#bestModel = bestModel;
    this.#parts = parts;
    this.#companions = companions;
  }

  /** Whether any checkpoints are written. */
  get on(): boolean {
    return this.#options.saveStrategy !== "no";
  }

  /** Whether a step that was just done, and maybe evaluated, is to be saved. */
  dueAfter(step: number): boolean {
    const { saveStrategy, saveSteps, saveSeconds } = this.#options;
    if (this.has(step)) return false;
    if (saveStrategy === "steps") return step % saveSteps === 0;
    return saveStrategy === "seconds" && performance.now() - this.#savedAt >= 1000 * saveSeconds;
  }

  /**
   * Whether an evaluation that was just made is to be saved: it is the best so far, and going to be loaded at the end.
   */
  dueAfterEvaluation(step: number): boolean {
    return this.#options.loadBestModelAtEnd && this.#bestModel.best?.step === step;
  }

  /** Whether the end of an epoch is to be saved. */
  dueAfterEpoch(step: number): boolean {
    return this.#options.saveStrategy === "epoch" && !this.has(step);
  }

  /**
   * Goes on from a checkpoint. Resolves with the best one where its weights are wanted at the end and are not there any
   * more: then it is forgotten, now and not after all steps.
   */
  async resume({ run, bestModel }: CheckpointState): Promise<readonly PassedOver[]> {
    this.#savedStep = run.step;
    this.#bestModel.load(bestModel);
    const { best } = this.#bestModel;
    if (!best || !this.#options.loadBestModelAtEnd) return [];
    const folder = checkpointPath(this.#options.outputDir ?? "", best.step);
    const reason = await readState(folder).then(
      (state) =>
        state.bestModel.best?.step === best.step && state.bestModel.best.value === best.value
          ? undefined
          : "it is not the best evaluation's checkpoint of this run",
      (error: unknown) => (error as Error).message,
    );
    if (reason === undefined) return [];
    this.#bestModel.forget();
    return [{ folder, reason }];
  }

  /** Puts weights, optimizer and random generators back. Throws ERR_WEIGHTS_MISMATCH. */
  async restore(folder: string): Promise<void> {
    await restore(folder, this.#parts);
  }

  /**
   * Writes a checkpoint, in place of an earlier one of the step, and removes what is too old. Resolves with its folder.
   * Throws ERR_FILE_WRITE.
   */
  async write(state: CheckpointState): Promise<string> {
    const { step } = state.run;
    const { outputDir = "", saveTotalLimit = Infinity } = this.#options;
    const folder = checkpointPath(outputDir, step);
    await writeCheckpoint(folder, this.#parts, state, this.#companions);
    this.#savedStep = step;
    this.#savedAt = performance.now();
    const { best } = this.#bestModel;
    const keep = best && this.#options.loadBestModelAtEnd ? [step, best.step] : [step];
    await pruneCheckpoints(outputDir, saveTotalLimit, new Set(keep));
    return folder;
  }

  /** Whether the step is in a checkpoint already. */
  has(step: number): boolean {
    return this.#savedStep === step;
  }

  /** Puts the best evaluation's weights into the model, if there was one. Throws ERR_CHECKSUM. */
  async loadBest(): Promise<void> {
    const { best } = this.#bestModel;
    if (best) await restoreWeights(checkpointPath(this.#options.outputDir ?? "", best.step), this.#parts);
  }
}
