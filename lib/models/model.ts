/** What the Trainer trains and the Classifier asks: a text classifier, whatever is inside. */
import type { ProblemType } from "../data/problem-type";
import { TorchwrightError } from "../errors";
import { TENSORS } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tokenizer } from "../text/tokenizer";
import type { Calibration } from "./calibration";

/** Inputs of a forward pass; a loader's batch is one. Tensors on another device are moved. */
export interface ModelInputs {
  /** int64 `[batch, sequence]`; left out where `inputsEmbeds` is given. */
  readonly inputIds?: Tensor;
  /** 1 for tokens, 0 for padding, `[batch, sequence]`. */
  readonly attentionMask?: Tensor;
  /** int64 `[batch, sequence]`: 0 for the first text, 1 for the second. */
  readonly tokenTypeIds?: Tensor;
  /** int64 `[batch, sequence]` or `[1, sequence]`; 0, 1, 2, … by default. */
  readonly positionIds?: Tensor;
  /** float `[batch, sequence, hidden]` in place of word embeddings. */
  readonly inputsEmbeds?: Tensor;
  /**
   * By the model's problem: class ids, int64 `[batch]`, of which −100 is ignored; float `[batch, classes]`; or numbers,
   * float `[batch]`.
   */
  readonly labels?: Tensor;
  /** Class names that `labels` count in, as a loader's batch has them; they must be the model's. */
  readonly labelNames?: readonly string[];
  /** What `labels` are, as a loader's batch says it; it must be what the model decides. */
  readonly problemType?: ProblemType;
}

/** What a forward pass gives. */
export interface ModelOutput {
  /** `[batch, classes]`, before softmax or sigmoid; `[batch, 1]` for a regression. */
  readonly logits: Tensor;
  /**
   * Mean loss over the batch, a scalar: cross-entropy, binary cross-entropy of every class, or the squared error, by
   * the model's problem.
   *
   * @throws TorchwrightError ERR_INVALID_ARG when the batch had no labels
   */
  readonly loss: Tensor;
}

/** A {@link ModelOutput} whose loss may be absent; asking for it then is an error, not `undefined`. */
export class ClassifierOutput implements ModelOutput {
  readonly #loss: Tensor | undefined;

  constructor(
    readonly logits: Tensor,
    loss: Tensor | undefined,
  ) {
    this.#loss = loss;
  }

  get loss(): Tensor {
    if (this.#loss) return this.#loss;
    throw new TorchwrightError("ERR_INVALID_ARG", "loss: expected a batch with labels; this one has none");
  }

  *[TENSORS](): Iterable<Tensor> {
    yield this.logits;
    if (this.#loss) yield this.#loss;
  }
}

/** Options of {@link TextClassifier.save}. */
export interface SaveOptions {
  /** Saved beside the weights, so that the folder is complete. */
  readonly tokenizer?: Tokenizer;
  /**
   * What held-out data said of this model's probabilities, as `calibrate` gives it; a `Classifier` of the folder obeys
   * it.
   */
  readonly calibration?: Calibration;
  /** More files of the folder, by name: training settings. */
  readonly files?: Readonly<Record<string, string>>;
  /** Writes more files into the folder, flat, before it is put into place. */
  readonly more?: (folder: string) => Promise<void>;
}

/**
 * What a model decides: one class of each text (softmax), any number of classes (sigmoid of each), or a number.
 * Data with soft labels is learned by a `single-label` model.
 */
export type ModelProblem = Exclude<ProblemType, "soft-label">;

/** A model that maps batches to logits over named classes. */
export interface TextClassifier<P extends ModelProblem = ModelProblem> {
  /** Names of the classes; the position is the class id. A regression has one, the name of its target. */
  readonly labels: readonly string[];
  /** Default: single-label. */
  readonly problemType?: P;
  /** Where the parameters are: "cpu", "cuda:0", …. */
  readonly device: string;
  /** What is trained, where this is one of several handles on it: they count as one model. Default: this itself. */
  readonly core?: object;
  /** Whether dropout is on. */
  readonly training: boolean;
  /** Longest sequence it takes, in tokens; Infinity where it does not say. */
  readonly maxLength: number;
  /** Rows of its word embeddings, which token ids must stay below; absent where it does not say. */
  readonly vocabSize?: number | undefined;
  /** Logits of a batch, and the loss where it has labels. */
  forward(inputs: ModelInputs): Promise<ModelOutput>;
  /** Parameters with their names, nested ones with dots. */
  namedParameters(): readonly (readonly [string, Tensor])[];
  /** All parameters, in the order of `namedParameters`. */
  parameters(): readonly Tensor[];
  /** What training changes beside parameters: running statistics. Default: nothing. */
  namedBuffers?(): readonly (readonly [string, Tensor])[];
  /** Switches dropout on. */
  train(): void;
  /** Switches dropout off. */
  eval(): void;
  /** Moves parameters and buffers to a device; resolves to the model. */
  to(device: string): Promise<this>;
  /** Computes layers again in backward instead of keeping what they gave. Absent where a model cannot. */
  gradientCheckpointingEnable?(): void;
  /** Keeps all activations again. */
  gradientCheckpointingDisable?(): void;
  /** Writes one folder with everything that prediction needs, atomically. */
  save(folder: string, options?: SaveOptions): Promise<void>;
  /** Frees the model's tensors; harmless when repeated. */
  dispose(): void;
}

/** The tensor itself where it is on the device already, else a copy there; `"cuda"` is the first GPU. */
export function toDevice(tensor: Tensor | undefined, device: string): Tensor | undefined {
  if (!tensor || tensor.device === (device === "cuda" ? "cuda:0" : device)) return tensor;
  return tensor.to({ device });
}
