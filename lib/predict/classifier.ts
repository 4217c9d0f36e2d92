/**
 * Text in, label and probability out: a saved model folder as one object.
 */
import { noGrad } from "../autograd/grad-mode";
import { collate } from "../data/collate";
import { padEncodings } from "../data/pad";
import { describe, TorchwrightError } from "../errors";
import { loadTextClassifier } from "../models/auto-classifier";
import { checkVocabulary } from "../models/check-vocabulary";
import { predicting } from "../models/exclusive";
import type { TextClassifier } from "../models/model";
import { scope } from "../tensor/scope";
import { AutoTokenizer } from "../text/auto-tokenizer";
import type { Encoding, TextInput, Tokenizer } from "../text/tokenizer";
import { rank, type LabelProbability } from "./rank";

export interface ClassifierOptions {
  /** "cpu", "cuda", "cuda:1". Default: a GPU where there is one. */
  readonly device?: string;
  /** Texts that go through the model at once. Default 32. */
  readonly batchSize?: number;
  /** Longest text in tokens, special tokens included; longer ones are cut. Default: what tokenizer and model take. */
  readonly maxLength?: number;
}

export interface PredictOptions {
  /** How many of the most probable labels `top` lists. Default 1. */
  readonly topK?: number;
}

/** What the model says about one text. */
export interface Prediction extends LabelProbability {
  /** The most probable labels, most probable first; the first one is the prediction itself. */
  readonly top: readonly LabelProbability[];
}

/**
 * Classifies texts with a saved model.
 *
 * @example
 * ```ts
 * import { Classifier } from "torchwright";
 * const classifier = await Classifier.load("runs/tickets/model");
 * const { label, probability } = await classifier.predict("the printer is on fire");
 * ```
 */
export class Classifier implements Disposable {
  readonly #batchSize: number;
  readonly #maxLength: number;

  /**
   * Takes over the model: `dispose` frees it. Most callers want `Classifier.load`. Predictions switch dropout off and
   * then restore the model's mode, so a model that is being trained may be given, to be asked later.
   *
   * @throws ERR_INVALID_ARG; ERR_MAX_LENGTH for a `maxLength` beyond the model's position table; ERR_TOKENIZER_INVALID
   *   for a tokenizer with ids that the model has no embedding for
   */
  constructor(
    readonly model: TextClassifier,
    readonly tokenizer: Tokenizer,
    { batchSize = 32, maxLength = Math.min(tokenizer.maxLength, model.maxLength) }: Omit<ClassifierOptions, "device"> = {},
  ) {
    this.#batchSize = atLeast("batchSize", batchSize, 1);
    this.#maxLength = atLeast("maxLength", maxLength, 2);
    if (maxLength > model.maxLength) {
      throw new TorchwrightError(
        "ERR_MAX_LENGTH",
        `Classifier: expected the option maxLength to be at most ${model.maxLength}, the rows of the model's position table, got ${maxLength}`,
      );
    }
    checkVocabulary("Classifier", tokenizer, model);
  }

  /**
   * Opens a folder that `Trainer.save`, `model.save` or Hugging Face wrote; a saved TorchScript module, too.
   * @throws ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID, ERR_CHECKSUM, ERR_SAFETENSORS_INVALID, ERR_WEIGHTS_MISMATCH,
   *   ERR_TOKENIZER_INVALID; ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static async load(folder: string, { device, ...options }: ClassifierOptions = {}): Promise<Classifier> {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const model = await loadTextClassifier(folder, device === undefined ? {} : { device });
    try {
      model.eval();
      return new Classifier(model, tokenizer, options);
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** The class names. */
  get labels(): readonly string[] {
    return this.model.labels;
  }

  /**
   * Classifies one text, or many in order. A pair of texts is `[text, pair]` inside an array; a flat
   * array of strings is many texts.
   * @throws ERR_INVALID_ARG for what is no text; ERR_BUSY while the model is trained or evaluated;
   *   ERR_MODULE_DISPOSED after `dispose`
   */
  predict(text: string, options?: PredictOptions): Promise<Prediction>;
  predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(input: string | readonly TextInput[], { topK = 1 }: PredictOptions = {}): Promise<Prediction | Prediction[]> {
    atLeast("topK", topK, 1);
    if (typeof input === "string") return (await this.#classify([input], topK))[0] as Prediction;
    if (!Array.isArray(input)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `predict: expected a text or an array of texts, got ${describe(input)}`);
    }
    return this.#classify(input as readonly TextInput[], topK);
  }

  /** Frees the model; harmless when repeated. */
  dispose(): void {
    this.model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #classify(texts: readonly TextInput[], topK: number): Promise<Prediction[]> {
    return predicting(this.model, "predict", () => this.#inEvalMode(texts, topK));
  }

  async #inEvalMode(texts: readonly TextInput[], topK: number): Promise<Prediction[]> {
    const encodings = await this.tokenizer.encodeBatch(texts, { maxLength: this.#maxLength });
    // Texts of like length share a batch, so that little is padding.
    const order = encodings.map((_, row) => row).sort((a, b) => length(encodings, a) - length(encodings, b));
    const predictions = new Array<Prediction>(texts.length);
    for (let start = 0; start < order.length; start += this.#batchSize) {
      const rows = order.slice(start, start + this.#batchSize);
      const probabilities = await this.#probabilities(rows.map((row) => encodings[row] as Encoding)); // [B, classes]
      const classes = probabilities.length / rows.length;
      rows.forEach((row, i) => {
        const top = rank(probabilities.subarray(i * classes, (i + 1) * classes), this.labels, topK);
        predictions[row] = { ...(top[0] as LabelProbability), top };
      });
    }
    return predictions;
  }

  async #probabilities(encodings: readonly Encoding[]): Promise<Float32Array> {
    const prepared = {
      ...padEncodings(encodings, this.tokenizer.padTokenId),
      indices: new Uint32Array(0), // rows of no dataset
      labels: undefined,
    };
    return scope(async () => {
      const { logits } = await noGrad(() => this.model.forward(collate(prepared, { device: this.model.device })));
      return (await logits.softmax(-1).read()) as Float32Array;
    });
  }
}

const length = (encodings: readonly Encoding[], row: number): number => encodings[row]?.ids.length ?? 0;

function atLeast(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TorchwrightError("ERR_INVALID_ARG", `Classifier: expected ${name} to be a whole number of at least ${least}, got ${describe(value)}`);
}
