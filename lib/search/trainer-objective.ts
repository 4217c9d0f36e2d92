/** The usual objective: trains a model with the Trainer and takes a metric of its evaluation as the score. */
import { DataLoader } from "../data/data-loader";
import { describe, TorchwrightError } from "../errors";
import type { ScriptModule } from "../jit/script-module";
import type { ModelProblem, TextClassifier } from "../models/model";
import type { ClassifierModule } from "../models/module-classifier";
import { isBetterGreater } from "../train/best-metric";
import { type Evaluation, scalarMetrics } from "../train/evaluation";
import type { History, TrainerEvent } from "../train/events";
import type { TrainerOptions } from "../train/options";
import { Trainer } from "../train/trainer";
import type { SearchSpace, SpaceValues } from "./space";
import type { SearchObjective, TrialContext, TrialScore } from "./trial";

type Model = TextClassifier | ScriptModule | ClassifierModule;
type AnyTrainer = Trainer<ModelProblem>;

/** What differs from trial to trial is made by a function of its values. */
export type PerTrial<V, T> = (values: V, trial: TrialContext<V>) => T | Promise<T>;

/** What every objective of the Trainer is made of. */
export interface TrainerObjectiveParts<V> {
  /**
   * Makes a trial's model, a new one each time; it is disposed when its rung is over. `trial.seed` is for weights that
   * are drawn.
   */
  readonly model: PerTrial<V, Model>;
  /** The training data: one loader for all trials, or a function, as it must be where the space has `batchSize`. */
  readonly loader: DataLoader | PerTrial<V, DataLoader>;
  /** The held-out data that the score is of. */
  readonly evalLoader: DataLoader | PerTrial<V, DataLoader>;
  /** What the search's budgets are: passes over the data or optimizer steps. Default "epochs". */
  readonly resource?: "epochs" | "maxSteps";
}

/** Whether each of the values is an option of the Trainer by its name and type, or the loader's `batchSize`. */
type AreOptions<V> = V extends { readonly [Name in keyof V]: OptionOf<Name> } ? true : false;
type OptionOf<Name> = Name extends "batchSize"
  ? number
  : Name extends keyof TrainerOptions
    ? Required<TrainerOptions>[Name]
    : never;

/**
 * What a trial is made of. `options` are the Trainer's for all trials, to which a trial's values are added by their
 * names; where a name is not the Trainer's, it is a function that makes them of the values.
 */
export type TrainerObjectiveSetup<V> = TrainerObjectiveParts<V> &
  (AreOptions<V> extends true
    ? {
        /** Options of the Trainer beside the drawn values, for all trials or by trial. */
        readonly options?: TrainerOptions | PerTrial<V, TrainerOptions>;
      }
    : {
        /** Options of the Trainer beside the drawn values, for all trials or by trial. */
        readonly options: PerTrial<V, TrainerOptions>;
      });

/** Options that the search decides. */
const OWN = ["outputDir", "signal"] as const;

/**
 * Makes an objective for `search`: a new model is trained with the trial's values as options of a {@link Trainer},
 * evaluated, and disposed. The score is `metricForBestModel`, by default the loss, of the last evaluation; with
 * `loadBestModelAtEnd`, of the best.
 *
 * A trial is one run that is planned for the budget of the last rung, so that warm-up and decay of the learning rate
 * are those of the whole run; on each rung it is trained up to the rung's budget and evaluated. With the search's
 * `folder` it goes on from its own checkpoint, on the CPU to the weights of an unbroken run to the bit; without, it is
 * trained anew with the same seed, to the same end.
 *
 * In the folder the Trainer's files are in `trial-<number>`, with a checkpoint at the end of each rung, and every ten
 * minutes unless `options` has another `saveStrategy`.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a bad setup. The objective throws it for values that are no options, or
 *   for a search in the wrong direction
 *
 * @example
 * ```ts
 * import { AutoTokenizer, BertForSequenceClassification, DataLoader, hp, search, TextDataset, trainerObjective } from "torchwright";
 * const { train, test } = (await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" })).split({ test: 0.2, stratify: true });
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const space = { learningRate: hp.logUniform(1e-5, 1e-3), weightDecay: hp.uniform(0, 0.1), batchSize: hp.choice([16, 32]) };
 * const objective = trainerObjective<typeof space>({
 *   model: (_, { seed }) => BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels, seed }),
 *   loader: ({ batchSize }) => new DataLoader(train, { tokenizer, batchSize, shuffle: true }),
 *   evalLoader: new DataLoader(test, { tokenizer }),
 * });
 * const halving = { strategy: "halving", trials: 4, factor: 2, maxBudget: 4 } as const;
 * const result = await search(space, objective, { ...halving, direction: "minimize", folder: "runs/search", progress: "silent" });
 * console.log(result.best.values, result.best.folder);
 * ```
 */
export function trainerObjective<S extends SearchSpace>(
  setup: TrainerObjectiveSetup<SpaceValues<NoInfer<S>>>,
): SearchObjective<SpaceValues<S>> {
  checkSetup(setup);
  return async (trial) => {
    const options = await optionsOf(setup, trial);
    const loader = await made(setup.loader, trial);
    const evalLoader = await made(setup.evalLoader, trial);
    const model = await setup.model(trial.values, trial);
    if (typeof model?.dispose !== "function") throw invalid("model to make a model", model);
    try {
      const atBudget = new AbortController();
      const trainer = new Trainer(model, {
        ...options,
        signal: AbortSignal.any([trial.signal, atBudget.signal]),
        callbacks: [
          ...(options.callbacks ?? []),
          (event) => void (hasSpent(event, setup.resource ?? "epochs", trial) && atBudget.abort()),
        ],
      });
      checkDirection(trainer, trial);
      const history = await trainer.fit(loader, { evalLoader, ...(trial.folder !== undefined && { resume: "auto" }) });
      trial.signal.throwIfAborted(); // what an interrupted run reached is no score
      return await scoreOf(trainer, history, evalLoader);
    } finally {
      model.dispose();
    }
  };
}

/** The options of a trial's run, but for the signal. */
async function optionsOf<V>(setup: TrainerObjectiveSetup<V>, trial: TrialContext<V>): Promise<TrainerOptions> {
  const { values, seed, folder, finalBudget } = trial;
  const { resource = "epochs" } = setup;
  const { batchSize, ...byName } = values as TrainerOptions & { readonly batchSize?: unknown };
  if (batchSize !== undefined && typeof setup.loader !== "function") {
    throw invalid("loader to be a function, as the space has batchSize,", setup.loader);
  }
  const own =
    typeof setup.options === "function" ? await setup.options(values, trial) : { ...setup.options, ...byName };
  for (const name of [...OWN, ...(finalBudget === Infinity ? [] : (["epochs", "maxSteps"] as const))]) {
    if (own[name] !== undefined) {
      throw invalid(`options and space without ${name}, which the search decides`, own[name]);
    }
  }
  return {
    seed,
    progress: "silent",
    ...(folder !== undefined && { outputDir: folder, saveStrategy: "seconds", saveTotalLimit: 1 }),
    ...(finalBudget < Infinity && { [resource]: finalBudget }),
    ...own,
  };
}

/** Whether the run has come to a budget that ends before the run does. */
function hasSpent<V>(
  event: TrainerEvent,
  resource: "epochs" | "maxSteps",
  { budget, finalBudget }: TrialContext<V>,
): boolean {
  if (budget >= finalBudget || (event.type !== "step" && event.type !== "resume")) return false;
  return (resource === "epochs" ? event.epoch : event.step) >= budget;
}

async function scoreOf(
  trainer: AnyTrainer,
  { steps, best, evaluations }: History<ModelProblem>,
  evalLoader: DataLoader,
): Promise<TrialScore> {
  const newest = evaluations.at(-1);
  const last = asScore(trainer, newest?.step === steps ? newest.metrics : await trainer.evaluate(evalLoader));
  const earlier = trainer.options.loadBestModelAtEnd ? evaluations.find(({ step }) => step === best?.step) : undefined;
  if (earlier === undefined) return last;
  const sign = greaterIsBetter(trainer) ? 1 : -1;
  const first = asScore(trainer, earlier.metrics);
  return sign * (last.score - first.score) > 0 ? last : first;
}

function asScore({ options: { metricForBestModel } }: AnyTrainer, evaluation: Evaluation<ModelProblem>): TrialScore {
  const { seconds: _seconds, examples: _examples, ...metrics } = scalarMetrics(evaluation);
  return { score: metrics[metricForBestModel] ?? NaN, metrics };
}

function greaterIsBetter({ options: { metricForBestModel, greaterIsBetter: given } }: AnyTrainer): boolean {
  return given ?? isBetterGreater(metricForBestModel);
}

function checkDirection(trainer: AnyTrainer, { direction }: TrialContext<unknown>): void {
  const expected = greaterIsBetter(trainer) ? "maximize" : "minimize";
  if (direction !== expected) {
    throw invalid(`direction "${expected}" for the metric ${trainer.options.metricForBestModel}`, direction);
  }
}

async function made<V>(loader: DataLoader | PerTrial<V, DataLoader>, trial: TrialContext<V>): Promise<DataLoader> {
  return typeof loader === "function" ? loader(trial.values, trial) : loader;
}

function checkSetup<V>(setup: TrainerObjectiveSetup<V>): void {
  if (typeof setup !== "object" || setup === null) throw invalid("{ model, loader, evalLoader }", setup);
  const {
    model,
    loader,
    evalLoader,
    options = {},
    resource = "epochs",
  } = setup as TrainerObjectiveParts<V> & { readonly options?: unknown };
  if (typeof model !== "function") throw invalid("model to be a function that makes one", model);
  for (const [name, value] of Object.entries({ loader, evalLoader })) {
    if (!(value instanceof DataLoader) && typeof value !== "function") {
      throw invalid(`${name} to be a DataLoader or a function that makes one`, value);
    }
  }
  if (typeof options !== "function" && (typeof options !== "object" || options === null)) {
    throw invalid("options to be the Trainer's, or a function that makes them", options);
  }
  if (resource !== "epochs" && resource !== "maxSteps") {
    throw invalid('resource to be "epochs" or "maxSteps"', resource);
  }
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `trainerObjective: expected ${expected}, got ${describe(got)}`);
}
