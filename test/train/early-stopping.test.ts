/** Runs that end before their last step for a reason of their own, and evaluations by steps. */
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { BestModel } from "../../lib/train/best-model";
import type { Evaluation } from "../../lib/train/evaluation";
import type { History } from "../../lib/train/events";
import { resolveOptions } from "../../lib/train/check-options";
import type { TrainerOptions } from "../../lib/train/options";
import { type FitOptions, Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("ending early", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const loader = (): DataLoader =>
    new DataLoader(tinyData(32), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
  /** Labels the wrong way round: the loss rises with every epoch. */
  const contrary = (): DataLoader => {
    const rows = Array.from(tinyData(16), ({ text, label }) => ({ text, label: label === "good" ? "bad" : "good" }));
    return new DataLoader(TextDataset.from(rows), { tokenizer, batchSize: 8, device: "cpu" });
  };

  async function train(options: TrainerOptions, fit: FitOptions = {}): Promise<History> {
    const model = tinyBert();
    try {
      return await new Trainer(model, { epochs: 10, learningRate: 5e-3, progress: "silent", ...options }).fit(
        loader(),
        fit,
      );
    } finally {
      model.dispose();
    }
  }

  it("evaluates by steps, also across epochs, and no more than that", async () => {
    const { evaluations } = await train({ epochs: 2, evalStrategy: "steps", evalSteps: 3 }, { evalLoader: contrary() });
    expect(evaluations.map(({ step }) => step)).to.deep.equal([3, 6]);
  });

  it("stops when evaluations bring no progress, by epochs and by steps", async () => {
    for (const [options, each] of [
      [{}, 4],
      [{ evalStrategy: "steps", evalSteps: 3 }, 3],
    ] as const) {
      const { stoppedBy, evaluations, steps, best } = await train(
        { ...options, earlyStoppingPatience: 2 },
        { evalLoader: contrary() },
      );
      const losses = evaluations.map(({ metrics }) => metrics.loss);
      expect(stoppedBy).to.equal("earlyStopping");
      expect(steps).to.equal(each * losses.length);
      const lowest = Math.min(...losses);
      expect(losses.indexOf(lowest)).to.equal(losses.length - 3);
      expect(best).to.deep.equal({ step: each * (losses.length - 2), value: lowest });
    }
  });

  it("asks for as much progress as the threshold says", async () => {
    const few = await train({ earlyStoppingPatience: 1, earlyStoppingThreshold: 10 }, { evalLoader: contrary() });
    expect(few.evaluations).to.have.length(2); // the first is progress in any case
  });

  it("once stopped stays stopped, and ends with the best weights", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = {
        outputDir: join(root, "run"),
        saveStrategy: "epoch",
        earlyStoppingPatience: 2,
        loadBestModelAtEnd: true,
      };
      const first = await train(options, { evalLoader: contrary() });
      const again = await train(options, { evalLoader: contrary(), resume: "auto" });
      expect(again).to.include({ stoppedBy: "earlyStopping", steps: first.steps });
      expect(again.best).to.deep.equal(first.best);
    }));

  it("stops when its time is over, with the step finished, also after a break", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = { maxSeconds: 1e-3, outputDir: join(root, "run"), saveStrategy: "epoch" };
      expect(await train(options)).to.include({ stoppedBy: "maxSeconds", steps: 1 });
      expect(await train(options, { resume: "auto" })).to.include({ stoppedBy: "maxSeconds", steps: 1 });
      expect(await train({ ...options, maxSeconds: 3600, epochs: 1 }, { resume: "auto" })).to.include({
        stoppedBy: "end",
        steps: 4,
      });
    }));

  it("needs something to evaluate", async () => {
    expect((await rejection(train({ earlyStoppingPatience: 1 }), "ERR_INVALID_ARG")).message).to.contain(
      "evalLoader with earlyStoppingPatience",
    );
  });

  it("counts as Hugging Face's callback does", () => {
    const rated = (options: TrainerOptions, values: readonly number[]): [number | undefined, boolean][] => {
      const model = new BestModel(resolveOptions(options));
      return values.map((value, step) => {
        model.rate(step, { loss: value, accuracy: value } as Evaluation);
        const copy = new BestModel(resolveOptions(options));
        copy.load(JSON.parse(JSON.stringify(model.state())) as ReturnType<BestModel["state"]>);
        expect(copy.exhausted).to.equal(model.exhausted);
        return [copy.best?.step, model.exhausted];
      });
    };
    const patient: TrainerOptions = { earlyStoppingPatience: 2 };
    expect(rated(patient, [1, 0.9, 0.95, 0.92])).to.deep.equal([
      [0, false],
      [1, false],
      [1, false],
      [1, true],
    ]);
    expect(rated(patient, [Infinity, 1, 0.5, 0.6])).to.deep.equal([
      [undefined, false],
      [1, false],
      [2, false],
      [2, false],
    ]);
    expect(rated(patient, [NaN, 1, NaN, NaN])).to.deep.equal([
      [undefined, false],
      [1, false],
      [1, false],
      [1, true],
    ]);
    expect(rated({ ...patient, metricForBestModel: "accuracy" }, [0.5, 0.6, 0.6, 0.5])).to.deep.equal([
      [0, false],
      [1, false],
      [1, false],
      [1, true],
    ]);
    // Too small a gain is the best all the same, but no progress.
    expect(rated({ ...patient, earlyStoppingThreshold: 0.1 }, [1, 0.95, 0.9])).to.deep.equal([
      [0, false],
      [1, false],
      [2, true],
    ]);
  });
});
