/** Which parameters learn, how fast, and by which optimizer. */
import { expect } from "chai";
import { nn } from "../../lib/index";
import { DataLoader } from "../../lib/data/data-loader";
import type { TextClassifier } from "../../lib/models/model";
import { SGD } from "../../lib/optim/sgd";
import type { ParamGroup } from "../../lib/optim/param-groups";
import type { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { TrainerOptions } from "../../lib/train/options";
import { layerDepths } from "../../lib/train/parameters/layer-depth";
import { matcherOf } from "../../lib/train/parameters/name-pattern";
import { parameterGroups } from "../../lib/train/parameters/parameter-groups";
import { Trainer } from "../../lib/train/trainer";
import { rejection, thrown } from "../support/rejection";
import { inFolder, LABELS, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("names of parameters", () => {
  it("fit a text with wildcards as a whole, and a regular expression in any part", () => {
    const name = "bert.encoder.layer.1.output.dense.weight";
    for (const pattern of [name, "bert.*", "*", "*.weight", "bert.*.layer.1.*.weight", /layer\.1/, /^bert/g]) {
      expect(matcherOf([pattern])(name), String(pattern)).to.equal(true);
      expect(matcherOf([pattern])(name), "again").to.equal(true);
    }
    for (const pattern of ["bert", "bert.encoder.layer.1", "bert?encoder.*", "*.bias", /layer\.11/]) {
      expect(matcherOf([pattern])(name), String(pattern)).to.equal(false);
    }
  });

  it("say how deep a layer is", () => {
    const names = [
      "bert.embeddings.word_embeddings.weight",
      "bert.encoder.layer.0.output.dense.bias",
      "bert.encoder.layer.11.attention.self.query.weight",
      "bert.pooler.dense.weight",
      "classifier.bias",
    ];
    expect([...layerDepths(names).values()]).to.deep.equal([0, 1, 12, 13, 13]);
    expect([...layerDepths(["head.weight", "body.weight"]).values()]).to.deep.equal([1, 1]);
    expect([...layerDepths(["model.layers.2.weight", "wte.weight", "model.norm.weight"]).values()]).to.deep.equal([
      3, 0, 4,
    ]);
  });
});

describe("parameters of a run", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const loaderOf = (rows: number): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
  const values = (model: TextClassifier): Map<string, unknown> =>
    new Map(model.namedParameters().map(([name, parameter]) => [name, parameter.toArray()]));
  const namesOf = (model: TextClassifier, params: readonly Tensor[]): string[] =>
    params.map((parameter) => model.namedParameters().find(([, other]) => other === parameter)?.[0] ?? "");
  const changed = (before: Map<string, unknown>, after: Map<string, unknown>): string[] =>
    [...after]
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before.get(name)))
      .map(([name]) => name);

  describe("are grouped", () => {
    const defaults = { learningRate: 1e-3, weightDecay: 0.1, layerwiseLrDecay: 1, paramGroups: [] };
    /** Learning rate and weight decay by name. */
    function grouped(
      options: Partial<Parameters<typeof parameterGroups>[1]>,
    ): Record<string, readonly [number, number]> {
      using model = tinyBert();
      const groups = parameterGroups(model, { ...defaults, ...options }) as Required<ParamGroup>[];
      expect(groups.flatMap(({ params }) => params)).to.have.members(model.parameters());
      return Object.fromEntries(
        groups.flatMap(({ params, lr, weightDecay }) =>
          namesOf(model, params).map((name) => [name, [lr, weightDecay]]),
        ),
      );
    }

    it("by layer: each learns slower than the one above", () => {
      const rates = grouped({ layerwiseLrDecay: 0.5 });
      const expected = {
        "classifier.weight": 1,
        "bert.pooler.dense.weight": 1,
        "bert.encoder.layer.1.output.dense.weight": 0.5,
        "bert.encoder.layer.0.output.dense.weight": 0.25,
        "bert.embeddings.word_embeddings.weight": 0.125,
      };
      for (const [name, factor] of Object.entries(expected)) {
        expect(rates[name], name).to.deep.equal([factor * 1e-3, 0.1]);
      }
      expect(rates["bert.encoder.layer.0.output.LayerNorm.weight"]).to.deep.equal([0.25e-3, 0]);
    });

    it("by name: the first rule that fits, for all that it does not say the run's own", () => {
      const rates = grouped({
        paramGroups: [
          { match: "classifier.*", learningRate: 1 },
          { match: /bias$/, weightDecay: 0.5 },
          { match: "*", learningRate: 0.25 },
        ],
        layerwiseLrDecay: 0.5,
      });
      expect(rates["classifier.bias"]).to.deep.equal([1, 0]);
      expect(rates["classifier.weight"]).to.deep.equal([1, 0.1]);
      expect(rates["bert.encoder.layer.1.output.dense.bias"]).to.deep.equal([0.5e-3, 0.5]);
      expect(rates["bert.encoder.layer.1.output.dense.weight"]).to.deep.equal([0.25, 0.1]);
    });

    it("with the run's own learning rate first, which logs show", () => {
      using model = tinyBert();
      expect(parameterGroups(model, { ...defaults, layerwiseLrDecay: 0.5 })[0]?.lr).to.equal(1e-3);
    });

    it("a rule that fits nothing is a mistake", () => {
      using model = tinyBert();
      expect(
        thrown(
          () => parameterGroups(model, { ...defaults, paramGroups: [{ match: "classifer.*" }] }),
          "ERR_INVALID_ARG",
        ).message,
      ).to.match(/paramGroups to fit names .* got "classifer\.\*", which fits none/);
    });
  });

  async function trained(options: TrainerOptions, model = tinyBert(), rows = 32) {
    const before = values(model);
    const { log } = await new Trainer(model, {
      learningRate: 1e-2,
      maxSteps: 4,
      logEvery: 1,
      progress: "silent",
      ...options,
    }).fit(loaderOf(rows));
    const after = values(model);
    const trainable = model.parameters().every((parameter) => parameter.requiresGrad);
    model.dispose();
    return { changed: changed(before, after), after, trainable, log };
  }

  it("that are frozen keep their values, and require grad again behind the run", async () => {
    const { changed: moved, trainable } = await trained({ freeze: ["bert.embeddings.*", /layer\.0\./] });
    expect(moved.some((name) => name.startsWith("bert.embeddings.") || name.includes("layer.0."))).to.equal(false);
    expect(moved).to.include.members([
      "bert.encoder.layer.1.output.dense.weight",
      "bert.pooler.dense.weight",
      "classifier.weight",
    ]);
    expect(trainable).to.equal(true);
  });

  it("all frozen is an error, a pattern that fits nothing too; nothing is changed by either", async () => {
    for (const [freeze, message] of [
      [["*"], /got none: all are frozen/],
      [["bert.encodr.*"], /freeze to fit names/],
    ] as const) {
      const model = tinyBert();
      expect(await rejection(trained({ freeze }, model), "ERR_INVALID_ARG")).to.match(message);
      expect(model.parameters().every((parameter) => parameter.requiresGrad)).to.equal(true);
      model.dispose();
    }
  });

  it("are unfrozen from the head down, a layer an epoch", async () => {
    const seen: string[][] = [];
    const model = tinyBert();
    let before = values(model);
    await new Trainer(model, {
      gradualUnfreezing: true,
      epochs: 4,
      learningRate: 1e-2,
      progress: "silent",
      logEvery: 4,
      callbacks: [
        (event) => {
          if (event.type !== "log") return;
          const after = values(model);
          seen.push(changed(before, after));
          before = after;
        },
      ],
    }).fit(loaderOf(32));
    model.dispose();
    const parts = (names: string[]): string[] =>
      ["classifier", "pooler", "layer.1", "layer.0", "embeddings"].filter((part) =>
        names.some((name) => name.includes(part)),
      );
    expect(seen.map(parts)).to.deep.equal([
      ["classifier", "pooler"],
      ["classifier", "pooler", "layer.1"],
      ["classifier", "pooler", "layer.1", "layer.0"],
      ["classifier", "pooler", "layer.1", "layer.0", "embeddings"],
    ]);
  });

  it("cannot be unfrozen by layers where there are none", async () => {
    using module = new nn.Linear(2, 2);
    const trainer = new Trainer(Object.assign(module, { forward: () => module.weight as never }), {
      labels: LABELS,
      gradualUnfreezing: true,
      progress: "silent",
    });
    expect(await rejection(trainer.fit(loaderOf(8)), "ERR_INVALID_ARG")).to.match(/numbered layers/);
  });

  for (const options of [
    { gradualUnfreezing: true, layerwiseLrDecay: 0.8 },
    { optim: "lion", freeze: ["bert.embeddings.*"] },
    { optim: "adafactor" },
    { optim: "sgd", optimArgs: { momentum: 0.9 } },
    { precision: "fp16" },
  ] satisfies TrainerOptions[]) {
    it(`a run that is broken off goes on to the same weights with ${JSON.stringify(options)}`, async () => {
      await inFolder(async (outputDir) => {
        const run = async (more: TrainerOptions, resume?: string): Promise<Map<string, unknown>> => {
          const model = tinyBert();
          await new Trainer(model, { epochs: 3, learningRate: 1e-3, progress: "silent", ...options, ...more }).fit(
            loaderOf(24),
            resume === undefined ? {} : { resume },
          );
          const after = values(model);
          model.dispose();
          return after;
        };
        const unbroken = await run({});
        for (const last of [2, 3, 7]) {
          const stop = new AbortController();
          const checkpoints = { outputDir: `${outputDir}/${last}`, saveStrategy: "steps" } as const;
          await run({
            ...checkpoints,
            signal: stop.signal,
            callbacks: [(event) => void (event.type === "step" && event.step === last && stop.abort())],
          });
          expect(await run(checkpoints, "auto"), `after ${last} steps`).to.deep.equal(unbroken);
        }
      });
    });
  }

  it("each optimizer learns in its own way, by its own options", async () => {
    const ways = [
      {},
      { optim: "adam", weightDecay: 0.5 },
      { optim: "adamw", weightDecay: 0.5 },
      { optim: "sgd" },
      { optim: "sgd", optimArgs: { momentum: 0.9 } },
      { optim: "adafactor" },
      { optim: "adafactor", optimArgs: { beta1: 0.9 } },
      { optim: "lion" },
      { optim: "lion", adamBeta1: 0.5 },
      { optimArgs: { amsgrad: true }, maxSteps: 12 },
    ] satisfies TrainerOptions[];
    const results = new Set<string>();
    for (const way of ways) results.add(JSON.stringify([...(await trained({ maxGradNorm: 0, ...way })).after]));
    expect(results.size).to.equal(ways.length);
  });

  it("an optimizer of one's own gets the run's groups, and is disposed behind it", async () => {
    const made: SGD[] = [];
    const { after } = await trained({
      optim: (groups) => (made.push(new SGD(groups, { momentum: 0.5 })), made[0] as SGD),
      weightDecay: 0.25,
    });
    expect(made[0]?.groups.map(({ weightDecay }) => weightDecay)).to.deep.equal([0.25, 0]);
    expect(after).to.deep.equal(
      (await trained({ optim: "sgd", optimArgs: { momentum: 0.5 }, weightDecay: 0.25 })).after,
    );
  });

  it("options that an optimizer does not have are an error before anything is trained", async () => {
    const model = tinyBert();
    await rejection(trained({ optim: "sgd", optimArgs: { beta1: 0.9 } }, model), "ERR_INVALID_ARG");
    model.dispose();
  });

  it("reduce_lr_on_plateau lowers the learning rate where evaluations bring no progress", async () => {
    const model = tinyBert();
    const { log } = await new Trainer(model, {
      learningRate: 1e-2,
      maxSteps: 6,
      logEvery: 1,
      progress: "silent",
      evalStrategy: "steps",
      evalSteps: 1,
      metricForBestModel: "accuracy",
      freeze: ["bert.*"],
      lrSchedulerType: "reduce_lr_on_plateau",
      lrSchedulerKwargs: { factor: 0.5, patience: 1, threshold: 1 }, // nothing is progress
    }).fit(loaderOf(32), { evalLoader: loaderOf(8) });
    model.dispose();
    // PyTorch's rule: the first evaluation is the best, the second is borne with, the third lowers.
    expect(log.map(({ learningRate }) => learningRate)).to.deep.equal([1e-2, 1e-2, 1e-2, 5e-3, 5e-3, 2.5e-3]);
  });

  it("reduce_lr_on_plateau needs evaluations, and knows no warm-up", async () => {
    const lrSchedulerType = "reduce_lr_on_plateau";
    const model = tinyBert();
    expect(await rejection(trained({ lrSchedulerType }, model), "ERR_INVALID_ARG")).to.match(
      /expected evalLoader with lrSchedulerType "reduce_lr_on_plateau"/,
    );
    for (const options of [{ warmupSteps: 1 }, { lrSchedulerKwargs: { power: 2 } }] satisfies TrainerOptions[]) {
      await rejection(
        new Trainer(model, { lrSchedulerType, maxSteps: 2, progress: "silent", ...options }).fit(loaderOf(8), {
          evalLoader: loaderOf(8),
        }),
        "ERR_INVALID_ARG",
      );
    }
    model.dispose();
  });
});
