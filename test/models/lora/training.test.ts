/** The Trainer with an adapter: it trains the adapter alone, and goes on from checkpoints to the bit. */
import { expect } from "chai";
import { join } from "node:path";
import { DataLoader } from "../../../lib/data/data-loader";
import { BertForSequenceClassification as Bert } from "../../../lib/models/bert-for-sequence-classification";
import type { LoraConfig } from "../../../lib/models/lora/lora-config";
import { memory } from "../../../lib/tensor/memory";
import type { Tokenizer } from "../../../lib/text/tokenizer";
import type { History, TrainerEvent } from "../../../lib/train/events";
import type { TrainerOptions } from "../../../lib/train/options";
import { type FitOptions, Trainer } from "../../../lib/train/trainer";
import { rejection } from "../../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../../support/tiny-bert";

const ADAPTER: LoraConfig = {
  r: 4,
  loraAlpha: 8,
  loraDropout: 0.1,
  targetModules: ["query", "value", "dense"],
  seed: 3,
};

let tokenizer: Tokenizer;

const loader = (): DataLoader =>
  new DataLoader(tinyData(28), { tokenizer, batchSize: 4, shuffle: true, device: "cpu" });
const evalLoader = (): DataLoader => new DataLoader(tinyData(11), { tokenizer, batchSize: 8, device: "cpu" });
const values = (model: Bert): Map<string, unknown> =>
  new Map(model.namedParameters().map(([name, tensor]) => [name, tensor.toArray()]));

interface Trained {
  readonly history: History;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * Seven batches an epoch, dropout on, with a new adapter in the same model. `stopAfter`: the step after which a signal
 * ends it.
 */
async function train(
  options: TrainerOptions,
  fit: FitOptions & { readonly stopAfter?: number } = {},
  after?: (model: Bert, trainer: Trainer) => Promise<void>,
): Promise<Trained> {
  const { stopAfter, ...rest } = fit;
  const model = tinyBert();
  const controller = new AbortController();
  const callbacks = [
    (event: TrainerEvent): void => {
      if (event.type === "step" && event.step === stopAfter) controller.abort();
    },
  ];
  try {
    await model.addAdapter(ADAPTER);
    const trainer = new Trainer(model, {
      epochs: 2,
      learningRate: 1e-2,
      logEvery: 3,
      progress: "silent",
      ...options,
      callbacks,
      signal: controller.signal,
    });
    const history = await trainer.fit(loader(), rest);
    await after?.(model, trainer);
    return { history, values: values(model) };
  } finally {
    model.dispose();
  }
}

describe("the Trainer with an adapter", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  it("changes the adapter and the head, nothing else, and learns", async () => {
    const model = tinyBert(undefined, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 });
    await model.addAdapter({ loraAlpha: 32, targetModules: "all-linear", seed: 3 });
    const before = values(model);
    const { log } = await new Trainer(model, { epochs: 12, learningRate: 3e-3, logEvery: 7, progress: "silent" }).fit(
      loader(),
    );
    for (const [name, value] of values(model)) {
      if (/lora_|^classifier\./.test(name)) expect(value, name).to.not.deep.equal(before.get(name));
      else expect(value, name).to.deep.equal(before.get(name));
    }
    expect(log.at(-1)?.loss).to.be.below(0.5 * (log[0]?.loss ?? 0));
    model.dispose();
  });

  it("keeps optimizer states for the adapter alone", async () => {
    const peak = async (options: LoraConfig | undefined): Promise<number> => {
      const model = tinyBert(undefined, { vocab_size: 4000 });
      if (options) await model.addAdapter(options);
      const { cpuBytes } = memory();
      let most = 0;
      const callbacks = [
        ({ type }: TrainerEvent): void =>
          void (type === "step" && (most = Math.max(most, memory().cpuBytes - cpuBytes))),
      ];
      await new Trainer(model, { maxSteps: 2, progress: "silent", callbacks }).fit(loader());
      model.dispose();
      return most;
    };
    // The word embeddings' two states would be 2 · 4000 · 32 · 4 bytes.
    expect(await peak(undefined)).to.be.above(1_024_000);
    expect(await peak(ADAPTER)).to.be.below(512_000);
  });

  for (const precision of ["fp32", "bf16"] as const) {
    it(`goes on from a checkpoint to the bit, in ${precision}`, async () => {
      const options: TrainerOptions = { precision, saveStrategy: "steps", saveSteps: 5 };
      const unbroken = await inFolder((outputDir) => train({ ...options, outputDir }));
      for (const stopAfter of [3, 8]) {
        await inFolder(async (outputDir) => {
          expect((await train({ ...options, outputDir }, { stopAfter })).history).to.include({
            stoppedBy: "abort",
            steps: stopAfter,
          });
          const second = await train({ ...options, outputDir }, { resume: "auto" });
          expect([...second.values]).to.deep.equal([...unbroken.values]);
        });
      }
    });
  }

  it("writes checkpoints that are models, too, with the adapter merged", () =>
    inFolder(async (outputDir) => {
      await train({ outputDir, saveStrategy: "epoch", epochs: 1 }, {}, async (model, trainer) => {
        await trainer.save(join(outputDir, "model"));
        await model.mergeAdapter();
        for (const folder of ["checkpoint-7", "model"]) {
          const opened = await Bert.fromPretrained(join(outputDir, folder), { device: "cpu" });
          expect([...values(opened)]).to.deep.equal([...values(model)]);
          opened.dispose();
        }
      });
    }));

  it("ends with the best evaluation's adapter", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = {
        outputDir,
        saveStrategy: "epoch",
        epochs: 3,
        learningRate: 0.05,
        loadBestModelAtEnd: true,
      };
      const { history } = await train(options, { evalLoader: evalLoader() }, async (_model, trainer) => {
        const { loss } = await trainer.evaluate(evalLoader());
        expect(loss).to.equal(Math.min(...(trainer.history?.evaluations ?? []).map(({ metrics }) => metrics.loss)));
      });
      expect(history.best?.step).to.be.a("number");
    }));

  it("refuses checkpoints of a model without the adapter, or with another", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "epoch", epochs: 1, progress: "silent" };
      const plain = tinyBert();
      await new Trainer(plain, options).fit(loader());
      await plain.addAdapter(ADAPTER);
      const before = values(plain);
      await rejection(new Trainer(plain, options).fit(loader(), { resume: "auto" }), "ERR_WEIGHTS_MISMATCH");
      expect([...values(plain)]).to.deep.equal([...before]);
      plain.dispose();
    }));
});
