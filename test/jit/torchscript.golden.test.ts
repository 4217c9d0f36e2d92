/** TorchScript files that Python exported: `scripts/golden/torchscript.py` wrote them and what is expected here. */
import { expect } from "chai";
import { once } from "node:events";
import { join } from "node:path";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { jit } from "../../lib/jit/load";
import type { ScriptModule } from "../../lib/jit/script-module";
import type { TextClassifier } from "../../lib/models/model";
import { asTextClassifier } from "../../lib/models/as-text-classifier";
import { AdamW } from "../../lib/optim/adamw";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import type { Tensor } from "../../lib/tensor/tensor";
import { Trainer } from "../../lib/train/trainer";
import {
  drawsLike,
  GOLDEN,
  type GoldenBatch,
  largestDifference,
  readGolden,
  skipForDraws,
  toBatch,
} from "../support/golden";
import { inFolder, tinyTokenizer } from "../support/tiny-bert";

interface Training {
  readonly batch: string;
  readonly seed?: number;
  readonly learningRate: number;
  readonly loss: readonly number[];
}

interface Expected {
  readonly logits: Readonly<Record<string, readonly number[][]>>;
  readonly training: Training;
  readonly parameters: readonly string[];
}

interface Golden {
  readonly batches: Readonly<Record<string, GoldenBatch>>;
  readonly scripted: Expected & {
    readonly trainMode: { readonly batch: string; readonly seed: number; readonly logits: readonly number[][] };
  };
  readonly traced: Expected;
}

const golden = readGolden<Golden>("torchscript.json");
const { dropoutSeed, dropoutProbe } = readGolden<{ dropoutSeed: number; dropoutProbe: number[] }>("training.json");
const LABELS = ["ant", "bee", "cat", "dog", "elk"];
const SCRIPTED = ["scripted-tuple", "scripted-dict", "scripted-logits"];
const file = (name: string): string => join(GOLDEN, "torchscript", `${name}.pt`);
const goldenBatch = (name: string): GoldenBatch => golden.batches[name] as GoldenBatch;

async function withModule<T>(
  path: string,
  work: (module: ScriptModule, model: TextClassifier) => Promise<T>,
): Promise<T> {
  const module = await jit.load(path, { device: "cpu" });
  try {
    return await work(module, asTextClassifier(module, { labels: LABELS }));
  } finally {
    module.dispose();
  }
}

async function expectLogits(path: string, { logits }: Expected): Promise<void> {
  await withModule(path, async (_, model) => {
    model.eval();
    for (const [name, expected] of Object.entries(logits)) {
      await scope(async () => {
        const output = await model.forward(toBatch(goldenBatch(name)));
        expect(output.logits.shape, name).to.deep.equal([expected.length, 5]);
        expect(largestDifference(output.logits.toTypedArray(), expected.flat()), name).to.be.at.most(1e-5);
      });
    }
  });
}

/** Fine-tunes on one batch, again and again; resolves with the losses. */
async function losses(model: TextClassifier, { batch, seed, learningRate, loss }: Training): Promise<number[]> {
  const found: number[] = [];
  using optimizer = new AdamW(model.parameters(), { lr: learningRate });
  model.train();
  if (seed !== undefined) manualSeed(seed);
  for (let step = 0; step < loss.length; step++) {
    await scope(async () => {
      const output = await model.forward(toBatch(goldenBatch(batch)));
      await output.loss.backward();
      await optimizer.step();
      optimizer.zeroGrad();
      found.push(Number(output.loss.item()));
    });
  }
  return found;
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).to.have.length(expected.length);
  expected.forEach((loss, step) => expect(found[step], `loss of step ${step}`).to.be.closeTo(loss, 1e-5 * loss));
}

describe("TorchScript files from Python", () => {
  let sameDraws = false;

  before(() => {
    manualSeed(dropoutSeed);
    sameDraws = drawsLike(dropoutProbe);
  });

  for (const name of [...SCRIPTED, "traced-eval"]) {
    const expected = name.startsWith("traced") ? golden.traced : golden.scripted;

    it(`${name}: gives the logits that Python has, for shapes of any size`, () => expectLogits(file(name), expected));

    it(`${name}: has the parameters under Python's names`, async () => {
      await withModule(file(name), async (module) => {
        expect(module.namedParameters().map(([parameter]) => parameter)).to.deep.equal(expected.parameters);
      });
    });

    it(`${name}: fine-tunes with the losses that Python has`, async function () {
      if (expected.training.seed !== undefined && !sameDraws) skipForDraws(this);
      await withModule(file(name), async (_, model) =>
        expectClose(await losses(model, expected.training), expected.training.loss),
      );
    });

    it(`${name}: gives the same logits after being saved and opened again`, async () => {
      await inFolder(async (folder) => {
        const path = join(folder, "again.pt");
        await withModule(file(name), (module) => module.save(path));
        await expectLogits(path, expected);
      });
    });
  }

  for (const name of SCRIPTED) {
    it(`${name}: has dropout in train mode, the same as Python under one seed`, async function () {
      if (!sameDraws) skipForDraws(this);
      const { batch, seed, logits } = golden.scripted.trainMode;
      await withModule(file(name), async (module, model) => {
        expect(module.hasBakedDropout).to.equal(false);
        model.train();
        manualSeed(seed);
        await scope(async () => {
          const output = await model.forward(toBatch(goldenBatch(batch)));
          expect(largestDifference(output.logits.toTypedArray(), logits.flat())).to.be.at.most(1e-5);
        });
      });
    });
  }

  it("warns where tracing fixed dropout, and says that eval() does not switch it", async () => {
    const warned = once(process, "warning") as Promise<[Error & { code?: string }]>;
    await withModule(file("traced-train"), async (module, model) => {
      const [warning] = await warned;
      expect(warning.code).to.equal("WARN_BAKED_DROPOUT");
      expect(warning.message).to.contain("traced-train.pt").and.to.contain("eval()");
      expect(module.hasBakedDropout).to.equal(true);
      model.eval();
      await scope(async () => {
        const batch = toBatch(goldenBatch("batch of 7"));
        const first = (await model.forward(batch)).logits.toTypedArray();
        const second = (await model.forward(batch)).logits.toTypedArray();
        expect(largestDifference(first, second as Float32Array)).to.be.above(1e-3);
      });
    });
  });

  it("moves a module whose graph names a device of another machine", () =>
    expectLogits(file("traced-cuda"), golden.traced));

  it("moves a tensor that tracing left in the graph", async () => {
    const module = await jit.load(file("traced-constant"), { device: "cpu" });
    await scope(async () => {
      expect(((await module.forward([ops.zeros([2])])) as Tensor).toArray()).to.deep.equal([1, 2]);
      // "meta" stands in for a second device: beside a tensor on the CPU its operators fail as a GPU's do.
      await module.to("meta");
      expect(await module.forward([ops.zeros([2], { device: "meta" })])).to.deep.include({
        device: "meta",
        shape: [2],
      });
    });
    module.dispose();
  });

  it("fine-tunes with the Trainer, given label names", async () => {
    const words = ["good", "bad", "film", "book", "meal"];
    const rows = Array.from({ length: 60 }, (_, row) => ({
      text: `the ${words[row % 5]} was very nice`,
      label: LABELS[row % 5] as string,
    }));
    const module = await jit.load(file("scripted-dict"), { device: "cpu" });
    try {
      const trainer = new Trainer(module, {
        labels: LABELS,
        learningRate: 3e-3,
        epochs: 8,
        logEvery: 10,
        progress: "silent",
        seed: 3,
      });
      const loader = new DataLoader(TextDataset.from(rows), {
        tokenizer: await tinyTokenizer(),
        batchSize: 12,
        shuffle: true,
        seed: 3,
      });
      const { log } = await trainer.fit(loader);
      expect(log.at(-1)?.loss).to.be.below(0.5 * (log[0]?.loss ?? 0));
      expect((await trainer.evaluate(loader)).accuracy).to.be.above(0.9);
    } finally {
      module.dispose();
    }
  });
});
