/**
 * The training loop on one page: batches go in at the top of `#loop`, better weights come out below.
 *
 * Everything else hangs on it as a small part: the books in `run.ts`, the device's NaN flag in
 * `step-monitor.ts`, Ctrl-C in `stop-request.ts`, the display in `progress.ts`.
 */
import type { DataLoader } from "../data/data-loader";
import type { ScriptModule } from "../jit/script-module";
import { asTextClassifier } from "../models/as-text-classifier";
import { exclusive } from "../models/exclusive";
import type { TextClassifier } from "../models/model";
import type { ClassifierModule } from "../models/module-classifier";
import { AdamW } from "../optim/adamw";
import { clipGradNorm } from "../optim/clip-grad-norm";
import { decayGroups } from "../optim/decay-groups";
import { scheduleByName } from "../optim/schedules/by-name";
import { manualSeed, resolveDevice } from "../tensor/device";
import { scope } from "../tensor/scope";
import type { Tokenizer } from "../text/tokenizer";
import { checkState } from "../data/loading/state";
import { TorchwrightError } from "../errors";
import { checkLabels, checkLoader, countBatches } from "./check-loader";
import { BestModel } from "./best-model";
import { restore } from "./checkpoints/checkpoint";
import { claimFolder, findCheckpoint, type Found } from "./checkpoints/checkpoint-folder";
import { Saver } from "./checkpoints/saver";
import { evaluateModel, type Evaluation } from "./evaluation";
import type { History } from "./events";
import { planSteps, resolveOptions, updatesPerEpoch, type ResolvedTrainerOptions, type TrainerOptions } from "./options";
import { type Pass, predictModel, type Predictions } from "./predictions";
import { forwardIn } from "./precision";
import { Progress } from "./progress";
import { formatRecord, recordedOptions, RunFolder, summarize, type TrainingRecord } from "./run-folder";
import { Run } from "./run";
import { StepMonitor } from "./step-monitor";
import { StopRequest } from "./stop-request";

/** What a run goes through its loop with. */
interface Loop {
  readonly run: Run;
  readonly loader: DataLoader;
  readonly evalLoader: DataLoader | undefined;
  readonly progress: Progress;
  /** Where it goes on. */
  readonly from: Found | undefined;
  readonly record: TrainingRecord;
}

export interface FitOptions {
  /** Held-out data, evaluated as `evalStrategy` says: after every epoch, the last one also where it is cut short, or every so many steps. Default: none. */
  readonly evalLoader?: DataLoader;
  /**
   * Goes on where a run with the same data and options was broken off, in the middle of an epoch, to the weights of an unbroken run (on the CPU
   * to the bit). "auto": from the newest whole checkpoint in `outputDir`, or from the start where there is none; or a checkpoint's folder.
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
 * console.log(await trainer.evaluate(new DataLoader(test, { tokenizer })));
 * await trainer.save("runs/tickets/model");
 * ```
 */
export class Trainer {
  readonly model: TextClassifier;
  /** The options with the defaults filled in. */
  readonly options: ResolvedTrainerOptions;
  #tokenizer: Tokenizer | undefined;
  #record: TrainingRecord | undefined;
  #history: History | undefined;

  /**
   * @param model a model of this library, or with `options.labels` a TorchScript module or an `nn.Module` from batches to logits
   * @throws ERR_INVALID_ARG for an option that does not exist or has a value that is not allowed;
   *   ERR_UNKNOWN_DEVICE or ERR_DEVICE_UNAVAILABLE for a device that cannot be used
   */
  constructor(model: TextClassifier | ScriptModule | ClassifierModule, options: TrainerOptions = {}) {
    this.options = resolveOptions(options);
    if (options.device !== undefined) resolveDevice(options.device);
    this.model = asTextClassifier(model, options.labels);
  }

  /** What the last `fit` did; undefined before the first. */
  get history(): History | undefined {
    return this.#history;
  }

  /**
   * Trains the model on the loader's batches; resolves with the history when all steps are done, or
   * earlier after Ctrl-C or an abort, with the step in progress finished.
   *
   * @throws ERR_BUSY while this model is trained or evaluated; ERR_UNKNOWN_LABEL
   *   for a label that the model does not have; ERR_INVALID_ARG for data without labels; ERR_MAX_LENGTH for a
   *   loader whose rows may be longer than the model takes; ERR_NON_FINITE when loss or gradient became NaN or
   *   infinite, with the model at its last good weights, unless `nonFinite` says to skip such steps; ERR_FILE_WRITE for a checkpoint that could not be written, with those before it
   *   untouched; where it resumes ERR_CHECKSUM, ERR_FILE_NOT_FOUND, ERR_WEIGHTS_MISMATCH, ERR_INVALID_ARG for other data; ERR_INVALID_ARG also where it does not
   *   resume and `outputDir` holds another run's checkpoints
   */
  async fit(loader: DataLoader, { evalLoader, resume }: FitOptions = {}): Promise<History> {
    return exclusive(this.model, "fit", async () => {
      const { model, options } = this;
      const dataset = checkLoader("fit", loader, model, { labels: true });
      if (evalLoader !== undefined) {
        checkLoader("fit", evalLoader, model, { labels: true });
        await checkLabels(evalLoader, model);
      } else if (options.loadBestModelAtEnd || options.earlyStoppingPatience !== undefined) {
        const name = options.loadBestModelAtEnd ? "loadBestModelAtEnd" : "earlyStoppingPatience";
        throw new TorchwrightError("ERR_INVALID_ARG", `fit: expected evalLoader with ${name}, as only an evaluation says what is better, got none`);
      }
      const from = resume === undefined ? undefined : await findCheckpoint(options.outputDir, resume);
      if (from) checkState(from.state.position, loader.state().feed);
      if (options.saveStrategy !== "no") await claimFolder(options.outputDir ?? "", from?.state.run.step);
      await this.#place();
      const batches = await countBatches(loader);
      const plan = planSteps(options, batches);
      const data = { examples: dataset.length, batchSize: loader.batchSize, batches };
      this.#tokenizer = loader.tokenizer;
      const record = { options: recordedOptions(options), plan, data, labels: model.labels };

      const folder = options.outputDir === undefined ? undefined : await RunFolder.open(options.outputDir);
      await folder?.writeRecord(record);
      const progress = new Progress(options.progress);
      const listeners = [progress.onEvent, ...(folder ? [folder.onEvent] : []), ...options.callbacks];
      const run = new Run({ plan, batches, updates: updatesPerEpoch(options, batches), examples: data.examples, device: model.device, nonFinite: options.nonFinite }, listeners);
      try {
        this.#history = await this.#loop({ run, loader, evalLoader, progress, from, record });
      } finally {
        progress.close();
        if (run.step > 0) this.#record = record; // what became of the weights, also where the run failed
      }
      this.#record = { ...record, outcome: summarize(this.#history) };
      await folder?.writeRecord(this.#record);
      return this.#history;
    });
  }

  async #loop({ run, loader, evalLoader, progress, from, record }: Loop): Promise<History> {
    const { model, options } = this;
    const { learningRate: lr, adamBeta1, adamBeta2, adamEpsilon: eps, weightDecay, logEvery } = options;
    const { precision, gradientAccumulationSteps: accumulate, maxSeconds = Infinity } = options;
    const maxNorm = options.maxGradNorm === 0 ? Infinity : options.maxGradNorm;
    const where = { labels: model.labels, device: model.device };

    using stop = new StopRequest(options.signal);
    using optimizer = new AdamW(decayGroups(model, weightDecay), { lr, betas: [adamBeta1, adamBeta2], eps });
    using monitor = new StepMonitor(model.device, options.nonFinite);
    const schedule = scheduleByName(optimizer, options.lrSchedulerType, run.plan, options.lrSchedulerKwargs);
    const bestModel = new BestModel(options);
    const companions = { tokenizer: loader.tokenizer, files: { "training.json": formatRecord(record) } };
    const saver = new Saver(options, { model, optimizer }, companions, bestModel);
    const parameters = model.parameters();
    const wasTraining = model.training;
    /** Batches of an epoch that were taken. */
    const at = { epoch: 0, batch: 0 };

    /** Weights learn from the gradients of all batches since the last time. */
    const update = async (): Promise<void> => {
      const learningRate = schedule.lr;
      const weight = accumulate === 1 ? 1 : run.pending.examples;
      await scope(async () => {
        const gradNorm = await clipGradNorm(parameters, maxNorm, { scale: 1 / weight });
        monitor.update(gradNorm, weight);
        await optimizer.step({ foundInf: monitor.foundInf });
        schedule.step();
        optimizer.zeroGrad();
      });
      await run.stepped(learningRate);
      if (run.step % logEvery === 0) await run.log(monitor);
      if (options.evalStrategy === "steps" && run.step % options.evalSteps === 0 && !stop.interrupted) await evaluate();
      if (saver.dueAfter(run.step)) await save();
      if (run.seconds >= maxSeconds && !run.done) stop.request("maxSeconds");
    };

    const evaluate = async (): Promise<void> => {
      if (evalLoader === undefined || run.step === 0 || run.evaluatedStep === run.step) return;
      await run.log(monitor);
      bestModel.rate(run.step, await run.evaluate(() => evaluateModel(model, evalLoader, { precision, progress })));
      if (saver.dueAfterEvaluation(run.step)) await save();
      if (bestModel.exhausted) stop.request("earlyStopping");
    };

    const save = async (): Promise<void> => {
      await run.log(monitor); // what is not finite is never saved
      const state = { position: { ...loader.state(), ...at }, schedule: schedule.state(), run: run.state(), bestModel: bestModel.state() };
      await run.checkpoint(() => saver.write(state));
    };

    manualSeed(options.seed);
    model.train();
    try {
      await run.start();
      if (from) {
        const { position, run: books } = from.state;
        await restore(from.folder, { model, optimizer });
        schedule.load(from.state.schedule);
        monitor.resume(books.log.at(-1)?.gradNorm ?? 0);
        Object.assign(at, { epoch: position.epoch, batch: position.batch });
        const lost = await saver.resume(from.state);
        await run.resume(books, { folder: from.folder, passedOver: [...from.passedOver, ...lost] });
        // Interrupted, it may have passed over an evaluation.
        if (options.evalStrategy === "steps" ? run.step % options.evalSteps === 0 : run.done) await evaluate();
        if (bestModel.exhausted) stop.request("earlyStopping");
        if (run.seconds >= maxSeconds && !run.done) stop.request("maxSeconds");
      }
      while (!run.done && stop.reason === undefined) {
        let whole = true;
        for await (const batch of loader.epoch(at.epoch, { ...where, from: at.batch })) {
          await scope(async () => {
            const output = await forwardIn(precision, model, batch);
            // Losses are means: as sums they add up to that of one large batch.
            const loss = accumulate === 1 ? output.loss : output.loss.mul(batch.size);
            await loss.backward();
            monitor.add(loss);
          }); // whatever the batch made is freed here, but for gradients
          run.took(batch);
          at.batch += 1;
          if (run.pending.batches < accumulate) continue;
          await update();
          whole = !run.done && stop.reason === undefined;
          if (!whole) break;
        }
        if (run.pending.batches > 0) await update(); // the epoch's last
        await run.log(monitor);
        if (stop.reason !== undefined) break;
        if (options.evalStrategy === "epoch") await evaluate();
        if (whole) Object.assign(at, { epoch: at.epoch + 1, batch: 0 });
        if (saver.dueAfterEpoch(run.step)) await save();
      }
      if (saver.on && run.step > 0 && !saver.has(run.step)) await save();
      if (options.loadBestModelAtEnd && !stop.interrupted) await saver.loadBest();
      return await run.end(stop.reason ?? "end", bestModel.best);
    } finally {
      optimizer.zeroGrad(); // after an error there may be gradients left
      if (!wasTraining) model.eval();
    }
  }

  /**
   * Loss and classification metrics over the loader's examples, without dropout or gradients.
   * @throws ERR_UNKNOWN_LABEL, ERR_BUSY; ERR_INVALID_ARG for data without labels
   */
  async evaluate(loader: DataLoader): Promise<Evaluation> {
    return this.#withProgress("evaluate", loader, (pass) => evaluateModel(this.model, loader, pass));
  }

  /**
   * Classes and probabilities of the loader's examples, in the dataset's order even where the loader
   * shuffles.
   * @throws ERR_BUSY; ERR_INVALID_ARG for a loader that drops its last batch
   */
  async predict(loader: DataLoader): Promise<Predictions> {
    return this.#withProgress("predict", loader, (pass) => predictModel(this.model, loader, pass));
  }

  /**
   * Saves model, tokenizer, label names and training settings as one Hugging Face model folder,
   * atomically. The tokenizer is the one of the last `fit`'s loader; without a `fit`, of the first loader
   * that was evaluated or predicted.
   * @throws ERR_FILE_WRITE
   */
  async save(folder: string): Promise<void> {
    await this.model.save(folder, {
      ...(this.#tokenizer && { tokenizer: this.#tokenizer }),
      ...(this.#record && { files: { "training.json": formatRecord(this.#record) } }),
    });
  }

  async #withProgress<T>(operation: string, loader: DataLoader, work: (pass: Pass) => Promise<T>): Promise<T> {
    return exclusive(this.model, operation, async () => {
      await this.#place();
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

  async #place(): Promise<void> {
    if (this.options.device !== undefined) await this.model.to(this.options.device);
  }
}
