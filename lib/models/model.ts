/** What the Trainer trains and the Classifier asks: a text classifier, whatever is inside. */
import { TorchwrightError } from "../errors";
import { TENSORS } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tokenizer } from "../text/tokenizer";

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
  /** int64 `[batch]`: class ids; −100 is ignored. */
  readonly labels?: Tensor;
  /** Class names that `labels` count in, as a loader's batch has them; they must be the model's. */
  readonly labelNames?: readonly string[];
}

/** What a forward pass gives. */
export interface ModelOutput {
  /** `[batch, classes]`, before softmax. */
  readonly logits: Tensor;
  /**
   * Mean cross-entropy, a scalar.
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
  /** More files of the folder, by name: training settings. */
  readonly files?: Readonly<Record<string, string>>;
  /** Writes more files into the folder, flat, before it is put into place. */
  readonly more?: (folder: string) => Promise<void>;
}

/** A model that maps batches to logits over named classes. */
export interface TextClassifier {
  /** Names of the classes; the position is the class id. */
  readonly labels: readonly string[];
  readonly device: string;
  /** What is trained, where this is one of several handles on it: they count as one model. Default: this itself. */
  readonly core?: object;
  /** Whether dropout is on. */
  readonly training: boolean;
  /** Longest sequence it takes, in tokens; Infinity where it does not say. */
  readonly maxLength: number;
  /** Rows of its word embeddings, which token ids must stay below; absent where it does not say. */
  readonly vocabSize?: number | undefined;
  forward(inputs: ModelInputs): Promise<ModelOutput>;
  namedParameters(): readonly (readonly [string, Tensor])[];
  parameters(): readonly Tensor[];
  /** What training changes beside parameters: running statistics. Default: nothing. */
  namedBuffers?(): readonly (readonly [string, Tensor])[];
  train(): void;
  eval(): void;
  to(device: string): Promise<this>;
  /** Writes one folder with everything that prediction needs, atomically. */
  save(folder: string, options?: SaveOptions): Promise<void>;
  dispose(): void;
}

/** The tensor itself where it is on the device already, else a copy there; `"cuda"` is the first GPU. */
export function toDevice(tensor: Tensor | undefined, device: string): Tensor | undefined {
  if (!tensor || tensor.device === (device === "cuda" ? "cuda:0" : device)) return tensor;
  return tensor.to({ device });
}
