/**
 * Fine-tuning as Hugging Face users know it: one object over model and options, whose `fit` runs the loop in
 * `training-loop.ts`.
 */
import type { DataLoader } from "../data/data-loader";
import type { TextDataset } from "../data/text-dataset";
import type { ScriptModule } from "../jit/script-module";
import { asTextClassifier } from "../models/as-text-classifier";
import { exclusive } from "../models/exclusive";
import type { ModelProblem, TextClassifier } from "../models/model";
import type { ClassifierModule } from "../models/module-classifier";
import { resolveDevice } from "../tensor/device";
import type { Tokenizer } from "../text/tokenizer";
import { checkBestMetric } from "./best-metric";
import { type CalibrateOptions, calibrateModel, type CalibrationReport } from "./calibration/calibrate";
import { checkLoader, countBatches } from "./check-loader";
import { resolveOptions } from "./check-options";
import { type EvaluateOptions, evaluateModel, type Evaluation } from "./evaluation";
import { eventStream } from "./event-stream";
import type { History, TrainerEvent } from "./events";
import { findLearningRate, type LearningRateCurve, type LearningRateFinderOptions } from "./learning-rate-finder";
import { withLoggers } from "./logs/with-loggers";
import { checkLossOptions } from "./objective/check-loss-options";
import { resolveClassWeights } from "./objective/class-weights";
import { besideTeacher } from "./objective/distillation";
import { Objective } from "./objective/objective";
import type { ResolvedTrainerOptions, TrainerOptions } from "./options";
import { type Pass, type PredictionOptions, predictModel, type Predictions } from "./predictions";
import { type Follower, placeModel, type PreparedFit, prepareFit } from "./prepare-fit";
import { Progress } from "./progress";
import { filesToSave, type TrainerSaveOptions } from "./report/make-card";
import { type FittedRun, makeReport, type Reporter, type ReportOptions } from "./report/make-report";
import { summarize } from "./run-folder";
import { trainingLoop } from "./training-loop";

/** What one run evaluates and goes on from. */
export interface FitOptions {
  /**
   * Held-out data, evaluated as `evalStrategy` says: after every epoch, the last one also where it is cut short, or
   * every so many steps. Default: none.
   */
  readonly evalLoader?: DataLoader;
  /**
   * Goes on where a run with the same data and options was broken off, in the middle of an epoch, to the weights of an
   * unbroken run (on the CPU to the bit). "auto": from the newest whole checkpoint in `outputDir`, or from the start
   * where there is none; or a checkpoint's folder.
   */
  readonly resume?: string;
}

/**
 * Fine-tunes a text classifier as Hugging Face's `Trainer` does: AdamW without decay on biases and
 * LayerNorm, clipping by global norm, warm-up and a schedule for the learning rate.
 *
 * @example
 * ```ts
 * import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "torchwright";
 * const { train, test } = (await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" })).split({ test: 0.1 });
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
 * const trainer = new Trainer(model, { epochs: 1, learningRate: 2e-5 });
 * await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true }));
 * const { accuracy, macroF1 } = await trainer.evaluate(new DataLoader(test, { tokenizer }));
 * await trainer.save("runs/tickets/model");
 * ```
 */
export class Trainer<P extends ModelProblem = "single-label"> {
  /** The model that is trained. */
  readonly model: TextClassifier<P>;
  /** The options with the defaults filled in. */
  readonly options: ResolvedTrainerOptions;
  #tokenizer: Tokenizer | undefined;
  /** The last run that changed the weights, also where it failed. */
  #fitted: FittedRun | undefined;
  #history: History<P> | undefined;
  /** Of the weights as they are. */
  #calibration: CalibrationReport | undefined;
  #classWeights: readonly number[] | undefined;

  /**
   * @param model a model of this library, or with `options.labels` a TorchScript module or an `nn.Module` from batches
   *   to logits
   * @throws ERR_INVALID_ARG for an option that does not exist or has a value that is not allowed;
   *   ERR_UNKNOWN_DEVICE or ERR_DEVICE_UNAVAILABLE for a device that cannot be used
   */
  constructor(model: TextClassifier<P> | ScriptModule | ClassifierModule, options: TrainerOptions<P> = {}) {
    this.options = resolveOptions(options);
    if (options.device !== undefined) resolveDevice(options.device);
    this.model = asTextClassifier(model, options);
    checkLossOptions(this.model, this.options);
    checkBestMetric(this.options.metricForBestModel, this.model.problemType ?? "single-label");
  }

  /** What the last `fit` did; undefined before the first. */
  get history(): History<P> | undefined {
    return this.#history;
  }

  /**
   * Trains the model on the loader's batches; resolves with the history when all steps are done, or
   * earlier after Ctrl-C or an abort, with the step in progress finished.
   *
   * @throws ERR_BUSY while this model is trained or evaluated; ERR_UNKNOWN_LABEL for a label that the model does not
   *   have; ERR_INVALID_ARG for data without labels; ERR_MAX_LENGTH for a loader whose rows may be longer than the
   *   model takes; ERR_NON_FINITE when loss or gradient became NaN or infinite, with the model at its last good
   *   weights, unless `nonFinite` says to skip such steps; ERR_FILE_WRITE for a checkpoint that could not be written,
   *   with those before it untouched; where it resumes ERR_CHECKSUM, ERR_FILE_NOT_FOUND, ERR_WEIGHTS_MISMATCH,
   *   ERR_INVALID_ARG for other data; ERR_INVALID_ARG also where it does not resume and `outputDir` holds another run's
   *   checkpoints
   */
  async fit(loader: DataLoader, options: FitOptions = {}): Promise<History<P>> {
    return this.#fit(loader, options);
  }

  /**
   * Trains as `fit` does, as a loop over the run's events, which begins it: the run waits while the body holds an
   * event. Leaving the loop is an abort: the step is finished and the checkpoint written before the loop is over. The
   * generator's return value is the history.
   *
   * @example
   * ```ts
   * import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "torchwright";
   * const { train, test } = (await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" })).split({ test: 0.1 });
   * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
   * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
   * const trainer = new Trainer(model, { epochs: 2 });
   * for await (const event of trainer.run(new DataLoader(train, { tokenizer }), { evalLoader: new DataLoader(test, { tokenizer }) })) {
   *   if (event.type === "evaluate" && event.metrics.loss < 0.1) break;
   * }
   * ```
   * @throws what `fit` throws, from the loop
   */
  run(loader: DataLoader, options: FitOptions = {}): AsyncGenerator<TrainerEvent, History<P>, void> {
    return eventStream((listener, signal) => this.#fit(loader, options, { listener, signal }));
  }

  async #fit(loader: DataLoader, options: FitOptions, follower?: Follower): Promise<History<P>> {
    return exclusive(this.model, "fit", async () => {
      const fit = await prepareFit(this.model, this.options, { loader, ...options, follower });
      const { run, record, folder, loggers, from } = fit;
      this.#tokenizer = loader.tokenizer;
      this.#calibration = undefined;
      try {
        const books = { ...record, ...(from && { resumed: from.state.run }) };
        this.#history = await besideTeacher(this.options, this.model.device, () =>
          withLoggers(loggers, books, () => this.#learn(fit)),
        );
      } finally {
        if (run.step > 0) this.#fitted = { record, loader, evalLoader: fit.evalLoader };
      }
      this.#fitted = {
        record: { ...record, outcome: summarize(this.#history) },
        history: this.#history,
        loader,
        evalLoader: fit.evalLoader,
      };
      await folder?.writeRecord(this.#fitted.record);
      return this.#history;
    });
  }

  async #learn(fit: PreparedFit): Promise<History<P>> {
    using objective = await this.#objective(fit.loader);
    return (await trainingLoop({ model: this.model, options: this.options, objective }, fit)) as History<P>;
  }

  /**
   * Tries learning rates in one short run over the loader's batches, each larger than the one before, with the options'
   * optimizer and loss; the model's weights are then as before. Take the suggestion, or a rate a little below where the
   * curve begins to rise.
   *
   * @throws ERR_BUSY; ERR_INVALID_ARG, also for `optim` options or data that do not fit the model
   */
  async findLearningRate(loader: DataLoader, options: LearningRateFinderOptions = {}): Promise<LearningRateCurve> {
    return exclusive(this.model, "findLearningRate", async () => {
      checkLoader("findLearningRate", loader, this.model, { labels: true });
      await placeModel(this.model, this.options);
      await countBatches(loader);
      using objective = await this.#objective(loader);
      return await findLearningRate({ model: this.model, options: this.options, objective }, loader, options);
    });
  }

  /**
   * Loss and the metrics of the model's problem over the loader's examples, without dropout or gradients, in memory
   * that does not grow with them.
   * @throws ERR_UNKNOWN_LABEL, ERR_BUSY; ERR_INVALID_ARG for data without labels, or options that the problem's metrics
   *   do not have
   */
  async evaluate(loader: DataLoader, options: EvaluateOptions<P> = {}): Promise<Evaluation<P>> {
    return this.#withProgress("evaluate", loader, async ({ progress }) => {
      using objective = await this.#objective();
      return (await evaluateModel({ model: this.model, objective, progress }, loader, options)) as Evaluation<P>;
    });
  }

  /**
   * Classes and probabilities of the loader's examples, or numbers, in the dataset's order even where the loader
   * shuffles.
   * @throws ERR_BUSY; ERR_INVALID_ARG for a loader that drops its last batch
   */
  async predict(loader: DataLoader, options: PredictionOptions = {}): Promise<Predictions<P>> {
    return this.#withProgress(
      "predict",
      loader,
      async (pass) => (await predictModel(this.model, loader, pass, options)) as Predictions<P>,
    );
  }

  /**
   * Finds the temperature that makes the probabilities of held-out data likeliest (Guo et al. 2017), and with a `risk`
   * the probability below which a prediction is to be withheld. `save` stores both, `Classifier.load` obeys them; the
   * next `fit` forgets them.
   *
   * @throws ERR_BUSY; ERR_INVALID_ARG for a regression, data that has no best temperature, or a risk that no threshold
   *   keeps
   */
  async calibrate(loader: DataLoader, options: CalibrateOptions = {}): Promise<CalibrationReport> {
    return this.#withProgress(
      "calibrate",
      loader,
      async (pass) => (this.#calibration = await calibrateModel(this.model, loader, pass, options)),
    );
  }

  /**
   * Writes a page about the last `fit` and what held-out data says of the model: curves, metrics, calibration,
   * confusions, the examples with the highest loss, data, settings, versions. It is one HTML file that needs no other.
   * The loader, or the run's own, is evaluated for it; without either the run's evaluations are what it tells of.
   *
   * @example
   * ```ts
   * import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "torchwright";
   * const { train, test } = (await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" })).split({ test: 0.1 });
   * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
   * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
   * const trainer = new Trainer(model, { epochs: 1 });
   * await trainer.fit(new DataLoader(train, { tokenizer }), { evalLoader: new DataLoader(test, { tokenizer }) });
   * await trainer.report("report.html", { title: "Tickets by queue" });
   * ```
   * @throws ERR_INVALID_ARG, also where there was no `fit` and no loader is given; ERR_FILE_WRITE; what `evaluate`
   *   throws
   */
  async report(file: string, options: ReportOptions = {}): Promise<void> {
    const evaluate: Reporter["evaluate"] = (loader, look) =>
      this.#withProgress("report", loader, async ({ progress }) => {
        using objective = await this.#objective();
        return await evaluateModel({ model: this.model, objective, progress, look }, loader);
      });
    await makeReport(file, { model: this.model, fitted: this.#fitted, evaluate }, options);
  }

  /**
   * Saves model, tokenizer, label names, training settings and, after a `fit`, a model card as one Hugging Face model
   * folder, atomically. The tokenizer is the one of the last `fit`'s loader; without a `fit`, of the first loader that
   * was evaluated or predicted.
   * @throws ERR_FILE_WRITE; ERR_INVALID_ARG for options that do not exist
   */
  async save(folder: string, options: TrainerSaveOptions = {}): Promise<void> {
    const files = await filesToSave(folder, { model: this.model, fitted: this.#fitted }, options);
    const parts = {
      ...(this.#tokenizer && { tokenizer: this.#tokenizer }),
      ...(this.#calibration && { calibration: this.#calibration }),
    };
    await this.model.save(folder, { ...parts, files });
  }

  /** What is minimised; "balanced" class weights are those of the last `fit`'s data. */
  async #objective(loader?: DataLoader): Promise<Objective> {
    const { model, options } = this;
    if (loader) {
      this.#classWeights = await resolveClassWeights(options.classWeights, model, loader.dataset as TextDataset);
    }
    const classWeights = this.#classWeights ?? (await resolveClassWeights(options.classWeights, model, undefined));
    return new Objective({ model, options, classWeights });
  }

  async #withProgress<T>(operation: string, loader: DataLoader, work: (pass: Pass) => Promise<T>): Promise<T> {
    return exclusive(this.model, operation, async () => {
      await placeModel(this.model, this.options);
      const progress = new Progress(this.options.progress);
      try {
        const done = await work({ precision: this.options.precision, progress });
        this.#tokenizer ??= loader.tokenizer; // where it proved right; that of a fit stays
        return done;
      } finally {
        progress.close();
      }
    });
  }
}
