/** A model's modes for the time of a run: dropout on, activations kept or computed again. */
import { TorchwrightError } from "../errors";
import type { TextClassifier } from "../models/model";

export class TrainingMode implements Disposable {
  readonly #model: TextClassifier;
  readonly #wasTraining: boolean;
  readonly #checkpointing: boolean;

  /** @throws ERR_INVALID_ARG for gradient checkpointing of a model that cannot */
  constructor(model: TextClassifier, { gradientCheckpointing }: { readonly gradientCheckpointing: boolean }) {
    if (gradientCheckpointing && !model.gradientCheckpointingEnable) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        "fit: expected a model that has gradientCheckpointingEnable with gradientCheckpointing, got one without; a module of one's own calls checkpoint() around its layers",
      );
    }
    this.#model = model;
    this.#wasTraining = model.training;
    this.#checkpointing = gradientCheckpointing;
    model.train();
    if (gradientCheckpointing) model.gradientCheckpointingEnable?.();
  }

  /** Modes are as before. */
  [Symbol.dispose](): void {
    if (this.#checkpointing) this.#model.gradientCheckpointingDisable?.();
    if (!this.#wasTraining) this.#model.eval();
  }
}
