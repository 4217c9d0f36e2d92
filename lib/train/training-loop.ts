/**
 * The training loop on one page: batches go in at the top of the `while`, better weights come out below.
 *
 * Everything else hangs on it as a small part: the books in `run.ts`, the device's NaN flag in
 * `step-monitor.ts`, Ctrl-C in `stop-request.ts`, the display in `progress.ts`.
 */
import type { ModelProblem, TextClassifier } from "../models/model";
import { clipGradNorm } from "../optim/clip-grad-norm";
import { manualSeed } from "../tensor/device";
import { scope } from "../tensor/scope";
import { isBetterGreater } from "./best-metric";
import { BestModel } from "./best-model";
import type { Found } from "./checkpoints/checkpoint-folder";
import { Saver } from "./checkpoints/saver";
import { type AnyEvaluation, evaluateModel } from "./evaluation";
import type { History } from "./events";
import { learningRateOf } from "./learning-rate";
import { LossScaler } from "./loss-scaler";
import { MicroBatches } from "./micro-batches";
import type { Objective } from "./objective/objective";
import { times } from "./objective/weighted-loss";
import type { ResolvedTrainerOptions } from "./options";
import { Freezing } from "./parameters/freezing";
import { makeOptimizer } from "./parameters/optimizer-by-name";
import { parameterGroups } from "./parameters/parameter-groups";
import type { BatchRows } from "./pool-windows";
import { resolvePrecision } from "./precision";
import type { PreparedFit } from "./prepare-fit";
import { formatRecord } from "./run-folder";
import { StepMonitor } from "./step-monitor";
import { StopRequest } from "./stop-request";
import { TrainingMode } from "./training-mode";
import { WeightAverage } from "./weight-average";

export interface LoopParts {
  readonly model: TextClassifier;
  readonly options: ResolvedTrainerOptions;
  readonly objective: Objective;
}

/**
 * Trains until all steps are done or something asks for an earlier end; the history of it. Throws as `Trainer.fit`
 * says.
 */
export async function trainingLoop(
  { model, options, objective }: LoopParts,
  { run, loader, evalLoader, progress, from, record, claim, signal }: PreparedFit,
): Promise<History<ModelProblem>> {
  const { logEvery, metricForBestModel, greaterIsBetter = isBetterGreater(metricForBestModel) } = options;
  const { gradientAccumulationSteps: accumulate, maxSeconds = Infinity } = options;
  const maxNorm = options.maxGradNorm === 0 ? Infinity : options.maxGradNorm;
  const where = { labels: model.labels, device: model.device };

  using stop = new StopRequest(signal);
  using freezing = new Freezing(model, options);
  using optimizer = makeOptimizer(parameterGroups(model, options), options);
  using scaler =
    resolvePrecision(options.precision, model.device) === "fp16" ? new LossScaler(model.device) : undefined;
  using monitor = new StepMonitor({ device: model.device, policy: options.nonFinite, scaler });
  using average = options.averageWeights && new WeightAverage(model, options.averageWeights, run.plan.totalSteps);
  using _mode = new TrainingMode(model, options);
  const micro = new MicroBatches(options.autoFindBatchSize);
  const schedule = learningRateOf(optimizer, {
    type: options.lrSchedulerType,
    options: options.lrSchedulerKwargs,
    plan: run.plan,
    greaterIsBetter,
  });
  const bestModel = new BestModel(options);
  const companions = { tokenizer: loader.tokenizer, files: { "training.json": formatRecord(record) } };
  const saver = new Saver(options, { model, optimizer, scaler, average }, companions, bestModel);
  const parameters = model.parameters();
  /** Batches of an epoch that were taken. */
  const at = { epoch: 0, batch: 0 };

  const watchClock = (): void => {
    if (run.seconds >= maxSeconds && !run.done) stop.request("maxSeconds");
  };

  /** Gradients of a batch, or some of its rows, are added to those that are there. */
  const learn = (rows: BatchRows): Promise<void> =>
    scope(async () => {
      const { loss, weight } = await objective.of(rows);
      // Losses are means: as sums they add up to that of one large batch.
      const alone = accumulate === 1 && micro.parts === 1;
      await (alone ? monitor.add(loss, 1) : monitor.add(times(loss, weight), weight)).backward();
    }); // whatever the batch made is freed here, but for gradients

  /** Weights learn from the gradients of all batches since the last time. */
  const update = async (): Promise<void> => {
    const learningRate = schedule.lr;
    await scope(async () => {
      const gradNorm = await clipGradNorm(parameters, maxNorm, { scale: monitor.gradientScale });
      monitor.update(gradNorm);
      await optimizer.step({ foundInf: monitor.foundInf });
      schedule.step();
      optimizer.zeroGrad();
      await average?.update(run.step + 1);
    });
    await run.stepped(learningRate);
    if (run.step % logEvery === 0) await run.log(monitor);
    if (options.evalStrategy === "steps" && run.step % options.evalSteps === 0 && !stop.interrupted) await evaluate();
    if (saver.dueAfter(run.step)) await save();
    watchClock();
  };

  const evaluate = async (): Promise<void> => {
    if (evalLoader === undefined || run.step === 0 || run.evaluatedStep === run.step) return;
    await run.log(monitor);
    const parts = { model, objective, progress, signal: stop.signal };
    const work = (): Promise<AnyEvaluation> => evaluateModel(parts, evalLoader);
    try {
      const metrics = await run.evaluate(() => (average ? average.during(work) : work()));
      schedule.evaluated(bestModel.rate(run.step, metrics));
    } catch (error) {
      if (stop.interrupted && error === stop.signal.reason) return; // a run that goes on makes up for it
      throw error;
    }
    if (saver.dueAfterEvaluation(run.step)) await save();
    if (bestModel.exhausted) stop.request("earlyStopping");
  };

  const save = async (): Promise<void> => {
    await run.log(monitor); // what is not finite is never saved
    const state = {
      position: { ...loader.state(), ...at },
      schedule: schedule.state(),
      run: run.state(),
      bestModel: bestModel.state(),
      labels: model.labels,
      ...(average && { average: average.state() }),
    };
    await run.checkpoint(() => saver.write(state));
  };

  /** Everything is put back as it was when the checkpoint was written, and what fell due since is made up for. */
  const goOn = async ({ folder, state, passedOver }: Found): Promise<void> => {
    await saver.restore(folder);
    await claim();
    schedule.load(state.schedule);
    if (state.average) average?.load(state.average);
    monitor.resume(state.run.log.at(-1)?.gradNorm ?? 0);
    Object.assign(at, { epoch: state.position.epoch, batch: state.position.batch });
    const lost = await saver.resume(state);
    await run.resume(state.run, { folder, passedOver: [...passedOver, ...lost] });
    // Interrupted, it may have passed over an evaluation.
    if (options.evalStrategy === "steps" ? run.step % options.evalSteps === 0 : at.batch === 0 || run.done) {
      await evaluate();
    }
    if (bestModel.exhausted) stop.request("earlyStopping");
    watchClock();
  };

  manualSeed(options.seed);
  try {
    await run.start();
    await (from ? goOn(from) : claim());
    while (!run.done && stop.reason === undefined) {
      freezing.atEpoch(at.epoch);
      let whole = true;
      let again = false;
      for await (const batch of loader.epoch(at.epoch, { ...where, from: at.batch })) {
        try {
          await scope(async () => {
            for (const rows of micro.cut(batch)) await learn(rows);
          });
        } catch (error) {
          again = micro.halves(error, batch);
          if (!again) throw error;
          at.batch -= run.pending.batches; // this update again, in smaller parts
          optimizer.zeroGrad();
          monitor.forget();
          await run.split(micro.parts);
          break;
        }
        run.took(batch);
        at.batch += 1;
        if (run.pending.batches < accumulate) continue;
        await update();
        whole = !run.done && stop.reason === undefined;
        if (!whole) break;
      }
      if (again) continue;
      if (run.pending.batches > 0) await update(); // the epoch's last
      await run.log(monitor);
      if (stop.reason !== undefined) break;
      if (options.evalStrategy === "epoch") await evaluate();
      if (whole) Object.assign(at, { epoch: at.epoch + 1, batch: 0 });
      if (saver.dueAfterEpoch(run.step)) await save();
    }
    if (saver.on && run.step > 0 && !saver.has(run.step)) await save();
    if (options.loadBestModelAtEnd && !stop.interrupted) await saver.loadBest();
    await average?.apply();
    return await run.end(stop.reason ?? "end", bestModel.best);
  } finally {
    optimizer.zeroGrad(); // after an error there may be gradients left
  }
}
