import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import * as hp from "../../lib/search/hp";
import { search } from "../../lib/search/search";
import type { SearchSpace, SpaceValues } from "../../lib/search/space";
import { trainerObjective } from "../../lib/search/trainer-objective";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { SingleLabelEvaluation } from "../../lib/train/evaluation";
import type { TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import { rejection, thrown } from "../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;
let evalLoader: DataLoader;

const SPACE = {
  learningRate: hp.logUniform(1e-3, 1e-2),
  warmupRatio: hp.choice([0, 0.5]),
  batchSize: hp.choice([4, 8]),
};

const model = (_: unknown, { seed }: { readonly seed: number }): BertForSequenceClassification =>
  BertForSequenceClassification.fromConfig({ ...TINY_CONFIG }, { labels: LABELS, seed, device: "cpu" });
const loader = ({ batchSize = 8 }: { batchSize?: number } = {}): DataLoader =>
  new DataLoader(tinyData(16), { tokenizer, batchSize, shuffle: true, device: "cpu" });

const RANDOM = { trials: 3, seed: 3, direction: "minimize", progress: "silent", maxBudget: 2 } as const;
const HALVING = { ...RANDOM, strategy: "halving", trials: 4, factor: 2, maxBudget: 4 } as const;

/** What training by hand with a trial's values comes to. */
async function byHand(
  { seed, values: { batchSize, ...values } }: { readonly seed: number; readonly values: SpaceValues<typeof SPACE> },
  options: TrainerOptions,
) {
  const own = BertForSequenceClassification.fromConfig({ ...TINY_CONFIG }, { labels: LABELS, seed, device: "cpu" });
  const trainer = new Trainer(own, { ...values, seed, progress: "silent", ...options });
  const history = await trainer.fit(loader({ batchSize }), { evalLoader });
  own.dispose();
  return history;
}

describe("trainerObjective", () => {
  before(async () => {
    tokenizer = await tinyTokenizer();
    evalLoader = new DataLoader(tinyData(7), { tokenizer, device: "cpu" });
  });

  it("trains with a trial's values and seed, for its budget, and scores the last evaluation", async () => {
    const before = memory().liveTensors;
    const { trials } = await search(SPACE, trainerObjective({ model, loader, evalLoader }), RANDOM);
    expect(memory().liveTensors).to.equal(before);
    expect(trials).to.have.length(3);
    for (const trial of trials) {
      const { evaluations } = await byHand(trial, { epochs: 2 });
      const { loss, accuracy, macroF1 } = evaluations[1]?.metrics as SingleLabelEvaluation;
      expect(trial).to.include({ status: "done", score: loss });
      expect(trial.rungs[0]?.metrics).to.include({ loss, accuracy, macroF1 });
    }
  });

  it("makes each trial one run that is planned for the last rung, whether it goes on from a checkpoint or is trained anew", async () => {
    await inFolder(async (folder) => {
      const steps: string[] = [];
      const options: TrainerOptions = {
        logEvery: 1,
        callbacks: [(event: TrainerEvent) => void (event.type === "step" && steps.push(`${event.epoch}`))],
      };
      const objective = trainerObjective<typeof SPACE>({ model, loader, evalLoader, options });
      const anew = await search(SPACE, objective, HALVING);
      const stepsAnew = steps.splice(0).length;
      const inFolders = await search(SPACE, objective, { ...HALVING, folder });
      expect(inFolders.rungs).to.deep.equal([
        { trials: 4, budget: 1 },
        { trials: 2, budget: 2 },
        { trials: 1, budget: 4 },
      ]);
      const scoresOf = ({ trials }: typeof anew) =>
        trials.map(({ rungs }) => rungs.map(({ score, metrics }) => ({ score, metrics })));
      expect(scoresOf(inFolders)).to.deep.equal(scoresOf(anew));
      const {
        trial: best,
        score,
        values: { batchSize },
      } = inFolders.best;
      expect(steps.length).to.be.below(stepsAnew);

      // Its log is that of one unbroken run of four epochs, step for step.
      const unbroken = await byHand(inFolders.best, { epochs: 4, logEvery: 1 });
      const record = JSON.parse(await readFile(join(folder, `trial-${best}`, "training.json"), "utf8")) as {
        plan: object;
        outcome: { loss: number; steps: number };
      };
      expect(record.plan).to.have.property("totalSteps", (4 * 16) / batchSize);
      expect(record.outcome).to.include({ loss: unbroken.loss, steps: (4 * 16) / batchSize });
      expect(score).to.equal(unbroken.evaluations.at(-1)?.metrics.loss);
      expect(inFolders.best.rungs.map((rung) => rung.score)).to.deep.equal(
        [0, 1, 3].map((epoch) => unbroken.evaluations[epoch]?.metrics.loss),
      );

      // The best one's checkpoint stays, as a folder that opens.
      const checkpoints = (await readdir(folder, { recursive: true })).filter((name) => /checkpoint-\d+$/.test(name));
      expect(checkpoints).to.deep.equal([join(`trial-${best}`, `checkpoint-${(4 * 16) / batchSize}`)]);
      const opened = await BertForSequenceClassification.fromPretrained(join(folder, checkpoints[0] as string), {
        device: "cpu",
      });
      expect((await new Trainer(opened, { progress: "silent" }).evaluate(evalLoader)).loss).to.equal(score);
      opened.dispose();
    });
  });

  it("goes on in the middle of a trial that was interrupted", async () => {
    await inFolder(async (root) => {
      const unbroken = await search(SPACE, trainerObjective<typeof SPACE>({ model, loader, evalLoader }), {
        ...RANDOM,
        folder: join(root, "unbroken"),
      });
      const folder = join(root, "broken");
      const controller = new AbortController();
      const started: number[] = [];
      const objective = trainerObjective<typeof SPACE>({
        model,
        loader,
        evalLoader,
        options: {
          callbacks: [
            (event) => {
              if (event.type === "resume" || event.type === "start") {
                started.push(event.type === "resume" ? event.step : 0);
              }
              if (started.length === 2 && event.type === "step" && event.step === 2) controller.abort();
            },
          ],
        },
      });
      const first = await search(SPACE, objective, { ...RANDOM, folder, signal: controller.signal });
      expect(first.trials.map(({ status }) => status)).to.deep.equal(["done", "interrupted"]);
      const second = await search(SPACE, objective, { ...RANDOM, folder });
      expect(started).to.deep.equal([0, 0, 0, 2, 0]);
      expect(second.trials.map(({ score }) => score)).to.deep.equal(unbroken.trials.map(({ score }) => score));
    });
  });

  it("counts budgets in steps where it is told to, and evaluates where a rung ends within an epoch", async () => {
    const counts: number[] = [];
    const callbacks = [(event: TrainerEvent) => void (event.type === "end" && counts.push(event.history.steps))];
    const { best, trials } = await search(
      SPACE,
      trainerObjective<typeof SPACE>({ model, loader, evalLoader, resource: "maxSteps", options: { callbacks } }),
      { ...HALVING, minBudget: 3, maxBudget: 6 },
    );
    expect(counts).to.deep.equal([3, 3, 3, 3, 6, 6]);
    expect(best.score).to.equal((await byHand(best, { maxSteps: 6 })).evaluations.at(-1)?.metrics.loss);
    expect(trials.every(({ score }) => score !== undefined)).to.equal(true);
  });

  it("scores the best evaluation with loadBestModelAtEnd, by its metric", async () => {
    await inFolder(async (folder) => {
      // Held-out labels are swapped: the more it learns, the worse it gets.
      const swapped = new DataLoader(tinyData(7, ["bad", "good"]), { tokenizer, device: "cpu" });
      const space = { learningRate: hp.choice([5e-3]) };
      const objective = trainerObjective<typeof space>({
        model,
        loader: loader(),
        evalLoader: swapped,
        options: { loadBestModelAtEnd: true, metricForBestModel: "loss" },
      });
      const { best } = await search(space, objective, { ...RANDOM, trials: 1, maxBudget: 4, folder });
      const log = (await readFile(join(best.folder as string, "log.jsonl"), "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; metrics?: { loss: number } });
      const losses = log.flatMap(({ type, metrics }) => (type === "evaluate" && metrics ? [metrics.loss] : []));
      expect(losses).to.have.length(4);
      expect(best.score).to.equal(Math.min(...losses));
      expect(losses.at(-1), "else this proves nothing").to.be.above(Math.min(...losses));
      expect(best.rungs[0]?.metrics["loss"]).to.equal(best.score);
    });
  });

  it("takes options as a function of the values, for names that are the model's", async () => {
    const space = { dropout: hp.choice([0, 0.5]), learningRate: hp.logUniform(1e-3, 1e-2) };
    const dropouts: unknown[] = [];
    const { trials } = await search(
      space,
      trainerObjective({
        model: ({ dropout }, { seed }) => {
          const config = { ...TINY_CONFIG, hidden_dropout_prob: dropout };
          dropouts.push(dropout);
          return BertForSequenceClassification.fromConfig(config, { labels: LABELS, seed, device: "cpu" });
        },
        loader: loader(),
        evalLoader: () => evalLoader,
        options: ({ learningRate }, { trial }) => ({
          learningRate,
          metricForBestModel: "accuracy",
          maxSteps: trial + 1,
        }),
      }),
      { trials: 2, direction: "maximize", progress: "silent" },
    );
    expect(trials.map(({ status }) => status)).to.deep.equal(["done", "done"]);
    expect(dropouts).to.deep.equal(trials.map(({ values }) => values.dropout));
    for (const { score } of trials) expect(score).to.be.within(0, 1);
  });

  it("frees the model of a trial that fails, and goes on", async () => {
    const before = memory().liveTensors;
    const options = ({ batchSize: _, ...values }: SpaceValues<typeof SPACE>): TrainerOptions => ({
      ...values,
      callbacks: [
        (event) => {
          if (event.type === "step" && values.warmupRatio === 0) throw new RangeError("in the middle");
        },
      ],
    });
    const { trials } = await search(SPACE, trainerObjective({ model, loader, evalLoader, options }), {
      ...RANDOM,
      trials: 8,
    });
    expect(memory().liveTensors).to.equal(before);
    for (const { values, status, error } of trials) {
      expect(status).to.equal(values.warmupRatio === 0 ? "failed" : "done");
      if (status === "failed") expect(error).to.deep.equal({ message: "in the middle" });
    }
    expect(new Set(trials.map(({ status }) => status)).size, "else this proves nothing").to.equal(2);
  });

  it("says what does not fit together", async () => {
    const before = memory().liveTensors;
    const failure = async (space: SearchSpace, setup: object, options: object = {}): Promise<string> => {
      const objective = trainerObjective({ model, loader: loader(), evalLoader, ...setup } as never);
      return (await rejection(search(space, objective, { ...RANDOM, trials: 1, ...options }), "ERR_NO_RESULT")).message;
    };
    const learningRate = hp.logUniform(1e-3, 1e-2);
    expect(await failure({ learningrate: learningRate }, {}))
      .to.contain("ERR_INVALID_ARG: Trainer: expected options among")
      .and.to.contain('got "learningrate"');
    expect(await failure({ learningRate: hp.choice([-1]) }, {})).to.contain(
      "expected learningRate to be a number of 0 or more",
    );
    expect(await failure({ learningRate, batchSize: hp.choice([8]) }, {})).to.contain(
      "expected loader to be a function, as the space has batchSize",
    );
    expect(await failure({ learningRate }, {}, { direction: "maximize" })).to.contain(
      'expected direction "minimize" for the metric loss, got "maximize"',
    );
    expect(await failure({ learningRate }, { options: { metricForBestModel: "accuracy" } })).to.contain(
      'expected direction "maximize" for the metric accuracy',
    );
    expect(await failure({ learningRate }, { options: { greaterIsBetter: true } })).to.contain(
      'expected direction "maximize"',
    );
    expect(await failure({ epochs: hp.integer(1, 3) }, {})).to.contain(
      "expected options and space without epochs, which the search decides",
    );
    expect(await failure({ learningRate }, { options: { maxSteps: 5 } })).to.contain("without maxSteps");
    expect(await failure({ learningRate }, { options: { outputDir: "runs" } })).to.contain("without outputDir");
    expect(await failure({ learningRate }, { model: () => undefined })).to.contain(
      "expected model to make a model, got undefined",
    );
    expect(memory().liveTensors).to.equal(before);

    const good = { model, loader, evalLoader };
    for (const [name, bad] of Object.entries({
      model: {},
      loader: [],
      evalLoader: undefined,
      options: "x",
      resource: "steps",
    })) {
      expect(thrown(() => trainerObjective({ ...good, [name]: bad } as never), "ERR_INVALID_ARG").message).to.contain(
        name,
      );
    }
    for (const bad of [undefined, null, 5]) thrown(() => trainerObjective(bad as never), "ERR_INVALID_ARG");
  });
});
