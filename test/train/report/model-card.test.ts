/** Model cards: the golden file is what Hugging Face's Trainer writes of a run like ours. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../../lib/data/data-loader";
import { TextDataset } from "../../../lib/data/text-dataset";
import { ModuleClassifier } from "../../../lib/models/module-classifier";
import { nn } from "../../../lib/index";
import type { Batch } from "../../../lib/data/batch";
import type { Tokenizer } from "../../../lib/text/tokenizer";
import { resolveOptions } from "../../../lib/train/check-options";
import type { CardData, ModelCardOptions } from "../../../lib/train/report/card-data";
import { cardMetadata } from "../../../lib/train/report/card-metadata";
import { hyperparameters } from "../../../lib/train/report/hyperparameters";
import type { TrainerSaveOptions } from "../../../lib/train/report/make-card";
import { modelCard } from "../../../lib/train/report/model-card";
import { recordedOptions } from "../../../lib/train/run-folder";
import { Trainer } from "../../../lib/train/trainer";
import { rejection } from "../../support/rejection";
import { reportData } from "../../support/report-data";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../../support/tiny-bert";

interface Golden {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly headings: readonly string[];
  readonly hyperparameters: readonly (readonly [name: string, value: string])[];
  readonly columns: readonly string[];
}

/** The card of the made-up run that reports are tested with. */
function cardData(changes: Partial<CardData> = {}, labels: readonly string[] = ["ham", "spam"]): CardData {
  const { record, run, data, versions, evaluation, problem } = reportData({
    labels,
    problem: changes.problem ?? "single-label",
  });
  const [training, heldOut] = data;
  return {
    name: "tickets",
    options: {},
    format: "transformers",
    problem,
    labels,
    versions,
    record: record as NonNullable<CardData["record"]>,
    run: run as NonNullable<CardData["run"]>,
    training: training as NonNullable<CardData["training"]>,
    heldOut: heldOut as NonNullable<CardData["heldOut"]>,
    evaluation: { step: 200, metrics: evaluation?.metrics ?? {} },
    ...changes,
  };
}

const headings = (card: string): string[] => card.split("\n").filter((line) => /^#+ /.test(line));

describe("a model card", () => {
  let golden: Golden;
  before(
    async () =>
      (golden = JSON.parse(await readFile(join(__dirname, "../../golden/model_card.json"), "utf8")) as Golden),
  );

  it("has the head that Hugging Face's has, for the metrics that both know", () => {
    const options: ModelCardOptions = { language: ["en", "no"], license: "mit" };
    const { pipeline_tag: pipeline, ...own } = cardMetadata(
      cardData({ options, evaluation: { step: 200, metrics: { accuracy: 0.75, macroF1: 0.7, macroPrecision: NaN } } }),
    );
    const { datasets, ...theirs } = golden.metadata;
    expect(datasets).to.deep.equal(["unknown"]); // the name of no data set: ours is left out
    const renamed = JSON.parse(JSON.stringify(own).replace('"Macro F1"', '"F1"')) as typeof own;
    expect(renamed).to.deep.equal(theirs);
    expect(Object.keys(own)).to.deep.equal(Object.keys(theirs));
    expect(pipeline).to.equal("text-classification");
  });

  it("has its headings, and its columns first in the table of evaluations", () => {
    const card = modelCard(cardData());
    const own = headings(card);
    expect(golden.headings.filter((heading) => !own.includes(heading))).to.deep.equal([]);
    expect(own.filter((heading) => golden.headings.includes(heading))).to.deep.equal(golden.headings);
    const table = card
      .slice(card.indexOf("### Training results"))
      .split("\n")
      .filter((line) => line.startsWith("|"));
    const cells = (line = ""): string[] =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
    expect(cells(table[0]).slice(0, 5)).to.deep.equal(golden.columns);
    expect(table).to.have.length(2 + 4);
    expect(cells(table[3]).slice(1, 3)).to.deep.equal(["2.00", "100"]);
  });

  it("has its hyper-parameters, under its names and in its order", () => {
    const options = recordedOptions(
      resolveOptions({
        learningRate: 2e-5,
        gradientAccumulationSteps: 2,
        seed: 7,
        warmupSteps: 10,
        labelSmoothingFactor: 0.1,
      }),
    );
    const own = hyperparameters(
      {
        options,
        plan: { totalSteps: 100, warmupSteps: 10 },
        data: { examples: 1, batchSize: 16, batches: 1 },
        labels: [],
      },
      32,
    );
    expect(own.map(([name]) => name)).to.deep.equal(golden.hyperparameters.map(([name]) => name));
    const plain = ([name]: readonly [string, string]): boolean => !["learning_rate", "optimizer"].includes(name);
    expect(own.filter(plain)).to.deep.equal(golden.hyperparameters.filter(plain));
    expect(own.filter((entry) => !plain(entry))).to.deep.equal([
      ["learning_rate", "2e-5"],
      ["optimizer", "adamw with betas=(0.9,0.999) and epsilon=1e-8"],
    ]);
  });

  it("names what of a run is not at its default", () => {
    const options = recordedOptions(
      resolveOptions({
        maxSteps: 9,
        precision: "bf16",
        optim: "sgd",
        optimArgs: { momentum: 0.9 },
        classWeights: "balanced",
        freeze: ["bert.embeddings.*"],
        weightDecay: 0.01,
      }),
    );
    const own = Object.fromEntries(
      hyperparameters(
        {
          options,
          plan: { totalSteps: 9, warmupSteps: 0 },
          data: { examples: 1, batchSize: Infinity, batches: 1 },
          labels: [],
        },
        undefined,
      ),
    );
    expect(own).to.include({
      train_batch_size: "by tokens",
      optimizer: 'sgd and optimizer_args={"momentum":0.9}',
      training_steps: "9",
      mixed_precision_training: "bf16",
    });
    expect(own)
      .to.include({ weight_decay: "0.01", class_weights: "balanced", freeze: '["bert.embeddings.*"]' })
      .and.to.not.have.any.keys("num_epochs", "eval_batch_size", "max_grad_norm");
  });

  it("names licence, language, data sets, base model and tags where they are given", () => {
    const options: ModelCardOptions = {
      license: "apache-2.0",
      language: "no",
      datasets: ["a/b", "c"],
      baseModel: "google-bert/bert-base-uncased",
      tags: ["email", "torchwright"],
    };
    const card = modelCard(cardData({ options }));
    expect(card).to.contain(
      'language:\n- "no"\nlicense: "apache-2.0"\nbase_model: "google-bert/bert-base-uncased"\ntags:\n- "torchwright"\n- "generated_from_trainer"\n- "email"\ndatasets:\n- "a/b"\n- "c"\n',
    );
    expect(card).to.contain('    dataset:\n      name: "a/b"\n      type: "a/b"\n');
    expect(card).to.contain(
      "a fine-tuned version of [google-bert/bert-base-uncased](https://huggingface.co/google-bert/bert-base-uncased) on a/b, c.",
    );
    expect(modelCard(cardData())).to.not.match(/license:|language:|base_model:|datasets:/);
  });

  it("takes names of classes for text, and keeps to a hundred of them", () => {
    const evil = "|`<script>*_[x](y)\n# title\u202e";
    const card = modelCard(cardData({ name: evil }, [evil, ...Array.from({ length: 120 }, (_, id) => `class ${id}`)]));
    const body = card.slice(card.indexOf("-->") + 3);
    expect(body).to.contain("\n| 0 | \\|\\`\\<script\\>\\*\\_\\[x\\](y)\\\\n# title\\\\u202e |");
    expect(body).to.not.match(/(?<!\\)<|\u202e/);
    expect(headings(card)[0]).to.match(/^# \\\|/);
    expect(card).to.contain("And 21 more, which `config.json` lists.");
  });

  it("says how each kind of folder is opened, for each problem", () => {
    const use = (changes: Partial<CardData>): string => modelCard(cardData(changes)).split("## How to use")[1] ?? "";
    expect(use({}))
      .to.contain('await Classifier.load("path/to/this/folder");\nconst { label, probability }')
      .and.to.contain('pipeline("text-classification", model="path/to/this/folder")');
    expect(use({ problem: "multi-label" }))
      .to.contain('{ problemType: "multi-label" });\nconst { labels }')
      .and.to.contain("top_k=None");
    expect(use({ problem: "regression" })).to.contain("const { value }");
    expect(use({ format: "torchscript" }))
      .to.contain("Classifier.load")
      .and.to.contain('torch.jit.load("path/to/this/folder/model.pt")');
    expect(use({ format: "module" }))
      .to.contain('ModuleClassifier.load("path/to/this/folder", new YourModule())')
      .and.to.not.contain("python");
    expect(use({ format: undefined })).to.equal("");
  });

  it("keeps silent about what it does not know", () => {
    const {
      record: _record,
      run: _run,
      evaluation: _evaluation,
      training: _training,
      heldOut: _heldOut,
      ...rest
    } = cardData();
    const card = modelCard(rest);
    expect(headings(card)).to.deep.equal([
      "# tickets",
      "## Model description",
      "## Intended uses & limitations",
      "## How to use",
      "### Framework versions",
    ]);
    expect(card).to.not.match(/undefined|NaN|model-index|metrics:/);
    expect(card).to.contain("| 0 | ham |\n| 1 | spam |");
  });
});

describe("the model card of Trainer.save", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));
  const loaderOf = (dataset: TextDataset): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize: 8, device: "cpu" });

  const saved = (trainer: Trainer, options?: TrainerSaveOptions): Promise<string | undefined> =>
    inFolder(async (folder) => {
      await trainer.save(join(folder, "films"), options);
      const names = await readdir(join(folder, "films"));
      return names.includes("README.md") ? await readFile(join(folder, "films", "README.md"), "utf8") : undefined;
    });

  it("tells of run, evaluation and data, and has none of its texts", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, { epochs: 2, learningRate: 1e-3, progress: "silent" });
    const secret = "a secret film";
    const rows = [...tinyData(31), { text: secret, label: "good" }];
    await trainer.fit(loaderOf(TextDataset.from(rows)), { evalLoader: loaderOf(TextDataset.from(rows)) });
    const card = await saved(trainer, { card: { license: "mit" } });
    const accuracy = trainer.history?.evaluations.at(-1)?.metrics.accuracy ?? NaN;
    expect(card)
      .to.contain("# films")
      .and.to.contain('license: "mit"')
      .and.to.contain(`type: "accuracy"\n      value: ${accuracy}\n`);
    expect(card)
      .to.contain("on 32 held-out examples, after step 8")
      .and.to.contain("| 0 | good | 17 | 53.1% |\n| 1 | bad | 15 | 46.9% |");
    expect(card)
      .to.contain("- training: 32 examples, ")
      .and.to.contain("8 of 8 steps")
      .and.to.not.contain(secret)
      .and.to.not.contain("outputDir");
  });

  it("tells of the best evaluation where its weights were loaded", async () => {
    using model = tinyBert();
    await inFolder(async (outputDir) => {
      const trainer = new Trainer(model, {
        maxSteps: 8,
        learningRate: 3e-3,
        progress: "silent",
        outputDir,
        saveStrategy: "epoch",
        loadBestModelAtEnd: true,
      });
      await trainer.fit(loaderOf(tinyData(16)), { evalLoader: loaderOf(tinyData(16)) });
      const { best, evaluations } = trainer.history ?? {};
      const loss = evaluations?.find(({ step }) => step === best?.step)?.metrics.loss ?? NaN;
      expect(await saved(trainer)).to.contain(`after step ${best?.step}:\n\n- Loss: ${loss.toFixed(4)}\n`);
    });
  });

  it("is left out without a fit unless it is asked for, and on demand; a text takes its place", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, { maxSteps: 1, progress: "silent" });
    expect(await saved(trainer)).to.equal(undefined);
    expect(await saved(trainer, { card: { modelName: "mine" } }))
      .to.contain("# mine")
      .and.to.contain("saved with Torchwright");
    await trainer.fit(loaderOf(tinyData(8)));
    expect(await saved(trainer)).to.contain("# films");
    expect(await saved(trainer, { card: false })).to.equal(undefined);
    expect(await saved(trainer, { card: "# My own\n" })).to.equal("# My own\n");
  });

  it("says that a module of one's own needs its class", async () => {
    class Bag extends nn.Module {
      readonly words = new nn.Embedding(100, 2);
      forward({ inputIds }: Batch) {
        return this.words.forward(inputIds).mean([1]); // [batch, sequence] → [batch, 2]
      }
    }
    const model = new ModuleClassifier(new Bag(), ["good", "bad"]);
    const trainer = new Trainer(model, { maxSteps: 1, progress: "silent" });
    await trainer.fit(loaderOf(tinyData(8)));
    expect(await saved(trainer))
      .to.contain('library_name: "torchwright"')
      .and.to.contain("new YourModule()");
    model.dispose();
  });

  it("refuses what it cannot use", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, { progress: "silent" });
    const wrong: unknown[] = [
      null,
      3,
      { cards: {} },
      { card: 5 },
      { card: null },
      { card: { licence: "mit" } },
      { card: { license: "" } },
      { card: { language: [], tags: [3] } },
      { card: { baseModel: "a b" } },
      { card: { tags: "x" } },
      { card: { datasets: [undefined] } },
    ];
    for (const options of wrong) await rejection(saved(trainer, options as TrainerSaveOptions), "ERR_INVALID_ARG");
    await rejection(trainer.save(undefined as never, { card: {} }), "ERR_INVALID_ARG");
  });
});
