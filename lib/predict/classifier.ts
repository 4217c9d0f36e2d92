/**
 * Text in, label and probability out: a saved model folder as one object.
 */
import { encodeOptionsFor } from "../data/loading/windows";
import { describe, TorchwrightError } from "../errors";
import { splitHubOptions } from "../hub/options";
import { together } from "../hub/selection";
import { loadTextClassifier } from "../models/auto-classifier";
import { checkCalibration, readCalibration, type Calibration } from "../models/calibration";
import { checkVocabulary } from "../models/check-vocabulary";
import { predicting } from "../models/exclusive";
import { MODEL_FILES } from "../models/hub-files";
import type { ModelProblem, TextClassifier } from "../models/model";
import { checkObject } from "../tensor/check-options";
import { AutoTokenizer } from "../text/auto-tokenizer";
import { openFolder } from "../text/open-folder";
import { checkInput } from "../text/text-input";
import { TimeSlice } from "../text/time-slice";
import { TOKENIZER_SELECTION } from "../text/tokenizer-files";
import type { EncodeOptions, TextInput, Tokenizer } from "../text/tokenizer";
import { explain } from "./explain";
import type { Explanation } from "./explanation";
import { inParts } from "./in-parts";
import { ModelRunner } from "./model-runner";
import {
  type ClassifierOptions,
  type ExplainOptions,
  type LoadOptions,
  type PredictOptions,
  type ResolvedPredictOptions,
  resolveBatchOptions,
  resolveExplainOptions,
  resolvePredictOptions,
  resolveStreamOptions,
  type StreamOptions,
} from "./options";
import { type Prediction, readLogits } from "./prediction";
import { checkSource, predictStream, type TextSource } from "./stream";
import { meanOfWindows } from "./windows";

/**
 * Classifies texts with a saved model. Calls at the same time share the model's batches; texts of like length go
 * together.
 *
 * @example
 * ```ts
 * import { Classifier } from "torchwright";
 * const classifier = await Classifier.load("runs/tickets/model");
 * const { label, probability } = await classifier.predict("the printer is on fire");
 * ```
 */
export class Classifier<P extends ModelProblem = "single-label"> implements Disposable {
  /** The temperature that probabilities are read at, and the threshold to abstain below, where there are any. */
  readonly calibration: Calibration | undefined;
  readonly #problem: P;
  readonly #encodeOptions: EncodeOptions;
  readonly #runner: ModelRunner;

  /**
   * Takes over the model: `dispose` frees it. Most callers want `Classifier.load`. Predictions switch dropout off and
   * then restore the model's mode, so a model that is being trained may be given, to be asked later.
   *
   * @throws ERR_INVALID_ARG; ERR_MAX_LENGTH for a `maxLength` beyond the model's position table; ERR_TOKENIZER_INVALID
   *   for a tokenizer with ids that the model has no embedding for
   */
  constructor(
    /** The model that is asked. */
    readonly model: TextClassifier<P>,
    /** Makes ids of the texts. */
    readonly tokenizer: Tokenizer,
    options: ClassifierOptions = {},
  ) {
    if (typeof (model as Partial<typeof model> | undefined)?.forward !== "function") {
      throw new TorchwrightError("ERR_INVALID_ARG", `Classifier: expected a model, got ${describe(model)}`);
    }
    if (typeof (tokenizer as Partial<Tokenizer> | undefined)?.encodeBatch !== "function") {
      throw new TorchwrightError("ERR_INVALID_ARG", `Classifier: expected a tokenizer, got ${describe(tokenizer)}`);
    }
    const batchOptions = resolveBatchOptions(options);
    const { maxLength = Math.min(tokenizer.maxLength, model.maxLength), windows, calibration } = options;
    this.#problem = model.problemType ?? ("single-label" as P);
    this.#encodeOptions = encodeOptionsFor("Classifier", maxLength, windows);
    this.calibration =
      calibration === undefined ? undefined : checkCalibration("Classifier", calibration, this.#problem);
    if (maxLength > model.maxLength) {
      throw new TorchwrightError(
        "ERR_MAX_LENGTH",
        `Classifier: expected the option maxLength to be at most ${model.maxLength}, the rows of the model's position table, got ${maxLength}`,
      );
    }
    checkVocabulary("Classifier", tokenizer, model);
    this.#runner = new ModelRunner(model, tokenizer.padTokenId, batchOptions);
  }

  /**
   * Opens a folder that `Trainer.save`, `model.save` or Hugging Face wrote, with its calibration; a saved TorchScript
   * module, too. Where there is no folder of that name, it is the model of that name on the hub, of one commit in all
   * of its files. With `{ problemType: "multi-label" }` predictions have `labels`, with `{ problemType: "regression" }`
   * a `value`.
   *
   * @throws ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID, ERR_CHECKSUM, ERR_SAFETENSORS_INVALID, ERR_WEIGHTS_MISMATCH,
   *   ERR_TOKENIZER_INVALID; ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE; of the hub ERR_HUB_…, ERR_DISK_FULL,
   *   ERR_FILE_WRITE
   */
  static async load<P extends ModelProblem = "single-label">(
    given: string,
    asked: LoadOptions<P> = {},
  ): Promise<Classifier<P>> {
    const { device, problemType, ...rest } = checkObject("Classifier.load", asked);
    const { hub, others: options } = splitHubOptions(rest);
    resolveBatchOptions(options); // a mistake shows before anything is read
    const folder = await openFolder("Classifier.load", given, hub, together(MODEL_FILES, TOKENIZER_SELECTION));
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const model = await loadTextClassifier(folder, {
      ...(device !== undefined && { device }),
      problemType: problemType ?? ("single-label" as P),
    });
    try {
      const { calibration = await readCalibration(folder) } = options;
      model.eval();
      return new Classifier(model, tokenizer, { ...options, ...(calibration !== undefined && { calibration }) });
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
   *   ERR_MODULE_DISPOSED after `dispose`; the reason of `signal`
   */
  predict(text: string, options?: PredictOptions): Promise<Prediction<P>>;
  predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction<P>[]>;
  async predict(
    input: string | readonly TextInput[],
    given: PredictOptions = {},
  ): Promise<Prediction<P> | Prediction<P>[]> {
    const options = resolvePredictOptions("predict", given, this.#problem);
    if (typeof input === "string") return (await this.#predict("predict", [input], options))[0] as Prediction<P>;
    if (!Array.isArray(input)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `predict: expected a text or an array of texts, got ${describe(input)}`,
      );
    }
    return this.#predict("predict", input as readonly TextInput[], options);
  }

  /**
   * Classifies texts as they come, in their order. At most `prefetch` batches of texts are read ahead of the loop, so a
   * source of any length fits in memory; a text that is there never waits for later ones. Leaving the loop closes the
   * source.
   *
   * @example
   * ```ts
   * import { Classifier } from "torchwright";
   * async function* incoming() {
   *   yield "the printer is on fire";
   *   yield "where is the canteen?";
   * }
   * const classifier = await Classifier.load("runs/tickets/model");
   * for await (const { label } of classifier.stream(incoming())) console.log(label);
   * ```
   *
   * @throws ERR_INVALID_ARG at once for what is no source; in the loop, after the predictions before: what the source
   *   threw, and as `predict`, naming the index of the text
   */
  stream(texts: TextSource, given: StreamOptions = {}): AsyncGenerator<Prediction<P>, void, void> {
    const { prefetch, ...options } = resolveStreamOptions(given, this.#problem);
    const predict = async (text: TextInput): Promise<Prediction<P>> =>
      (await this.#predict("stream", [text], options))[0] as Prediction<P>;
    return predictStream(checkSource(texts), {
      predict,
      depth: prefetch * this.#runner.limits.batchSize,
      signal: options.signal,
    });
  }

  /**
   * Says what in a text speaks for a label: its integrated gradients, along the way from a text of padding, by token
   * and by word. Takes as long as about 3 · `steps` predictions.
   *
   * @example
   * ```ts
   * import { Classifier } from "torchwright";
   * const classifier = await Classifier.load("runs/tickets/model");
   * const { label, words, converged } = await classifier.explain("the printer is on fire");
   * for (const { text, attribution } of words) console.log(label, text, attribution);
   * ```
   *
   * @throws ERR_INVALID_ARG for a model without word embeddings, or one that does not take `inputsEmbeds`;
   *   ERR_UNKNOWN_LABEL; and as `predict`
   */
  async explain(text: string, given: ExplainOptions = {}): Promise<Explanation> {
    const options = resolveExplainOptions(given);
    const { model, tokenizer } = this;
    return predicting(model, "explain", () =>
      explain(text, { model, tokenizer, encodeOptions: this.#encodeOptions, ...this.#runner.limits, ...options }),
    );
  }

  /** Frees the model; harmless when repeated. Calls that wait for the model are rejected. */
  dispose(): void {
    this.model.dispose();
    this.#runner.close();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #predict(operation: string, texts: readonly TextInput[], options: ResolvedPredictOptions): Promise<Prediction<P>[]> {
    return predicting(this.model, operation, async () => {
      const slice = new TimeSlice();
      for (let index = 0; index < texts.length; index++) {
        checkInput(operation, texts[index], index); // all of them, before any is worked on
        if (slice.over()) await slice.next();
      }
      return inParts(texts, (part) => this.#predictPart(part, options));
    });
  }

  async #predictPart(texts: readonly TextInput[], options: ResolvedPredictOptions): Promise<Prediction<P>[]> {
    options.signal?.throwIfAborted();
    const encodings = await this.tokenizer.encodeBatch(texts, this.#encodeOptions);
    const windows = encodings.map(({ overflow = [] }) => 1 + overflow.length);
    const rows = encodings.flatMap((encoding) => [encoding, ...(encoding.overflow ?? [])]);
    const logits = await this.#runner.logitsOf(rows, options.signal);
    const reading = { problem: this.#problem, labels: this.labels, calibration: this.calibration };
    const predictions: Prediction<P>[] = [];
    const slice = new TimeSlice();
    let row = 0;
    for (const count of windows) {
      predictions.push(readLogits(meanOfWindows(logits.slice(row, (row += count))), reading, options));
      if (slice.over()) await slice.next();
    }
    return predictions;
  }
}
