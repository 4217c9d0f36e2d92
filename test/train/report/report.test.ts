/** `Trainer.report` on small runs of every problem; what the page looks like is the matter of the other files. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../../lib/data/data-loader";
import { TextDataset } from "../../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../../lib/models/bert-for-sequence-classification";
import type { ModelProblem } from "../../../lib/models/model";
import { memory } from "../../../lib/tensor/memory";
import { scope } from "../../../lib/tensor/scope";
import { Tensor } from "../../../lib/tensor/tensor";
import type { Tokenizer } from "../../../lib/text/tokenizer";
import type { TrainerOptions } from "../../../lib/train/options";
import { HeldOutLook } from "../../../lib/train/report/held-out-look";
import type { HardExample } from "../../../lib/train/report/report-data";
import { Trainer } from "../../../lib/train/trainer";
import { rejection } from "../../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../../support/tiny-bert";

/** Cells of the rows of a section's tables, without tags. */
function rows(html: string, section: string): string[][] {
  const inner = new RegExp(`<section id="${section}">(.*?)</section>\n`, "s").exec(html)?.[1] ?? "";
  return [...inner.matchAll(/<tr>(.*?)<\/tr>/gs)]
    .map(([, row]) =>
      [...(row as string).matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell]) =>
        (cell as string).replaceAll("<br>", "; ").replaceAll(/<[^>]*>/g, ""),
      ),
    )
    .filter(({ length }) => length > 0);
}

describe("Trainer.report", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const loaderOf = (dataset: TextDataset, shuffle = false): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize: 8, shuffle, device: "cpu" });
  const QUICK = { maxSteps: 4, learningRate: 1e-3, logEvery: 1, progress: "silent" } as const;

  /** The page that a report writes. */
  const pageOf = (trainer: Trainer<ModelProblem>, options?: Parameters<Trainer["report"]>[1]): Promise<string> =>
    inFolder(async (folder) => {
      await trainer.report(join(folder, "report.html"), options);
      expect(await readdir(folder)).to.deep.equal(["report.html"]); // nothing half-written beside it
      return readFile(join(folder, "report.html"), "utf8");
    });

  it("has the examples with the highest cross-entropy, whatever the loader's order", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, QUICK);
    await trainer.fit(loaderOf(tinyData(32), true));
    const data = tinyData(29);
    const { probabilities } = await trainer.predict(loaderOf(data));
    const losses = Array.from(data, ({ label }, row) => ({
      row,
      loss: -Math.log(probabilities[row]?.[LABELS.indexOf(label as "good")] as number),
    }));
    const expected = losses.toSorted((a, b) => b.loss - a.loss).slice(0, 5);

    const found = rows(await pageOf(trainer, { loader: loaderOf(data, true), examples: 5 }), "examples");
    expect(found).to.have.length(5);
    found.forEach(([loss, actual, predicted, text], at) => {
      expect(Number(loss)).to.be.closeTo(expected[at]?.loss ?? NaN, 1e-4);
      const row = losses.findIndex(
        (own) => Math.abs(own.loss - Number(loss)) < 1e-4 && data.get(own.row).text === text,
      );
      expect(row, text).to.be.at.least(0);
      const [good, bad] = probabilities[row] as Float32Array;
      const of = (label: string): string =>
        `${label} ${(100 * (label === "good" ? (good as number) : (bad as number))).toFixed(1)}%`;
      expect([actual, predicted]).to.deep.equal([
        of(data.get(row).label as string),
        of((good as number) > (bad as number) ? "good" : "bad"),
      ]);
    });
    expect(rows(await pageOf(trainer, { loader: loaderOf(data), examples: 0 }), "examples")).to.deep.equal([]);
  });

  it("takes the run's own held-out data, and tells of run, data, settings and versions", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, { ...QUICK, evalStrategy: "steps", evalSteps: 2 });
    await trainer.fit(loaderOf(tinyData(32)), { evalLoader: loaderOf(tinyData(20)) });
    const evaluation = await trainer.evaluate(loaderOf(tinyData(20)));
    const html = await pageOf(trainer, { title: "Films & books" });
    expect(html)
      .to.contain("<title>Films &amp; books</title>")
      .and.to.contain("Of 20 held-out examples, evaluated for this report.");
    expect(html)
      .to.contain(`<dt>accuracy</dt><dd>${evaluation.accuracy.toFixed(4)}</dd>`)
      .and.to.contain(`<dt>loss</dt><dd>${evaluation.loss.toFixed(4)}</dd>`);
    expect(rows(html, "training").map(([step]) => step)).to.deep.equal(["2", "4"]);
    expect(rows(html, "examples")).to.have.length(20);
    const [training = [], heldOut = []] = rows(html, "data");
    // The loader of the run gave its 32 rows once; the held-out one a batch, by which fit looked at the labels, and its
    // 20 rows twice in the run and once here.
    expect([training.slice(0, 5), heldOut.slice(0, 5)]).to.deep.equal([
      ["training", "32", "8", "64", "32"],
      ["held-out", "20", "8", "64", "68"],
    ]);
    expect(rows(html, "settings"))
      .to.deep.include(["learningRate", "0.001", "5e-5"])
      .and.to.deep.include(["seed", "42"]);
    const { version } = JSON.parse(await readFile(join(__dirname, "../../../package.json"), "utf8")) as {
      version: string;
    };
    expect(rows(html, "versions"))
      .to.deep.include(["Torchwright", version])
      .and.to.deep.include(["Node.js", process.versions.node]);
  });

  it("tells of a run without held-out data, and of a model without a run", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, QUICK);
    const error = await rejection(pageOf(trainer), "ERR_INVALID_ARG");
    expect(error.message).to.equal("report: expected a fit before, or a loader with held-out data, got neither");
    const untrained = await pageOf(trainer, { loader: loaderOf(tinyData(12)) });
    expect(untrained).to.contain("has not trained the model").and.to.contain("Of 12 held-out examples");
    expect(rows(untrained, "data").map(([name]) => name)).to.deep.equal(["held-out"]);
    await trainer.fit(loaderOf(tinyData(32)));
    const alone = await pageOf(trainer);
    expect(alone)
      .to.contain("There is no held-out data")
      .and.to.contain("4 of 4 steps")
      .and.to.contain('aria-label="losses"');
  });

  it("tells of a run that was aborted, and of the same after it went on", async () => {
    await inFolder(async (folder) => {
      const controller = new AbortController();
      const options: TrainerOptions = {
        ...QUICK,
        maxSteps: 8,
        outputDir: folder,
        saveStrategy: "epoch",
        evalStrategy: "steps",
        evalSteps: 2,
      };
      const train = async (more: TrainerOptions, resume?: string): Promise<string> => {
        using model = tinyBert();
        const trainer = new Trainer(model, { ...options, ...more });
        await trainer.fit(loaderOf(tinyData(64), true), {
          evalLoader: loaderOf(tinyData(10)),
          ...(resume && { resume }),
        });
        return await pageOf(trainer);
      };
      const aborted = await train({
        signal: controller.signal,
        callbacks: [(event) => void (event.type === "step" && event.step === 3 && controller.abort())],
      });
      expect(aborted).to.contain("3 of 8 steps").and.to.contain("stopped by abort");
      const resumed = await train({}, "auto");
      expect(resumed).to.contain("8 of 8 steps");
      expect(rows(resumed, "training").map(([step]) => step)).to.deep.equal(["2", "4", "6", "8"]);
    });
  });

  it("tells of a run that failed, without what the one before it did", async () => {
    using model = tinyBert();
    let wrong = false;
    const trainer = new Trainer(model, {
      ...QUICK,
      computeLoss: (logits) => (wrong ? logits.sum().mul(NaN) : logits.square().mean()),
    });
    await trainer.fit(loaderOf(tinyData(32)));
    wrong = true;
    await rejection(trainer.fit(loaderOf(tinyData(24))), "ERR_NON_FINITE");
    const html = await pageOf(trainer);
    expect(html).to.contain("The run failed before its end").and.to.not.contain("4 of 4 steps");
    expect(rows(html, "data").map(([name, size]) => [name, size])).to.deep.equal([["training", "24"]]);
  });

  it("multi-label: binary cross-entropy, calibration of all labels, and labels given for others", async () => {
    const model = BertForSequenceClassification.fromConfig(TINY_CONFIG, {
      labels: ["film", "book"],
      problemType: "multi-label",
      seed: 7,
      device: "cpu",
    });
    const trainer = new Trainer(model, { ...QUICK, maxSteps: 1 });
    const data = TextDataset.from(
      [
        { text: "the film", label: ["film"] },
        { text: "the book", label: ["book"] },
        { text: "the film book", label: ["film", "book"] },
        { text: "meal", label: [] },
      ],
      { labels: ["film", "book"] },
    );
    await trainer.fit(loaderOf(data));
    const { probabilities, labels } = await trainer.predict(loaderOf(data));
    const losses = probabilities.map(
      (row, at) =>
        row.reduce(
          (sum, p, id) =>
            sum - Math.log((data.get(at).label as string[]).includes(["film", "book"][id] as string) ? p : 1 - p),
          0,
        ) / 2,
    );
    const html = await pageOf(trainer, { loader: loaderOf(data) });
    const found = rows(html, "examples");
    losses.toSorted((a, b) => b - a).forEach((loss, at) => expect(Number(found[at]?.[0])).to.be.closeTo(loss, 1e-4));
    for (const [loss, actual, predicted] of found) {
      const row = losses.findIndex((own) => Math.abs(own - Number(loss)) < 1e-4);
      const named = (cell = ""): string[] =>
        cell === "none"
          ? []
          : cell
              .split("; ")
              .map((part) => part.split(" ")[0] as string)
              .sort();
      expect([named(actual), named(predicted)]).to.deep.equal([
        [...(data.get(row).label as string[])].sort(),
        [...(labels[row] as string[])].sort(),
      ]);
    }
    expect(html)
      .to.contain('aria-label="calibration curve"')
      .and.to.contain("stated probability of a label")
      .and.to.not.contain("Confusion matrix");
    model.dispose();
  });

  it("regression: squared error, and predictions against targets", async () => {
    const model = BertForSequenceClassification.fromConfig(TINY_CONFIG, {
      labels: ["stars"],
      problemType: "regression",
      seed: 7,
      device: "cpu",
    });
    const trainer = new Trainer(model, QUICK);
    const data = TextDataset.from(
      Array.from({ length: 9 }, (_, i) => ({ text: "good ".repeat(i + 1), label: i / 2 })),
      { problemType: "regression" },
    );
    await trainer.fit(loaderOf(data));
    const { values } = await trainer.predict(loaderOf(data));
    const html = await pageOf(trainer, { loader: loaderOf(data) });
    const expected = Array.from(values, (value, row) => [(value - row / 2) ** 2, row / 2, value] as const).sort(
      ([a], [b]) => b - a,
    );
    rows(html, "examples").forEach((cells, at) =>
      cells.slice(0, 3).forEach((cell, i) => expect(Number(cell)).to.be.closeTo(expected[at]?.[i] as number, 1e-3)),
    );
    expect(html).to.contain('aria-label="predictions against targets"').and.to.not.contain("Most confused pairs");
    expect(html.match(/<title>row \d+: target/g)).to.have.length(9);
    model.dispose();
    expect(memory().liveTensors).to.equal(0);
  });

  it("makes folders, replaces an older page, and leaves nothing where it cannot write or evaluate", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, QUICK);
    const loader = loaderOf(tinyData(8));
    await inFolder(async (folder) => {
      const file = join(folder, "a", "b", "report.html");
      await trainer.report(file, { loader, title: "first" });
      await trainer.report(file, { loader, title: "second" });
      expect(await readFile(file, "utf8")).to.contain("<title>second</title>");
      const foreign = loaderOf(TextDataset.from([{ text: "x", label: "unheard" }]));
      await rejection(trainer.report(file, { loader: foreign }), "ERR_UNKNOWN_LABEL");
      expect(await readFile(file, "utf8")).to.contain("<title>second</title>");
      await mkdir(join(folder, "page"));
      expect((await rejection(trainer.report(join(folder, "page"), { loader }), "ERR_FILE_WRITE")).message).to.contain(
        "it is a folder",
      );
      await rejection(trainer.report(join(file, "below-a-file.html"), { loader }), "ERR_FILE_WRITE");
      expect((await readdir(folder, { recursive: true })).sort()).to.deep.equal([
        "a",
        "a/b",
        "a/b/report.html",
        "page",
      ]);
    });
  });

  it("refuses what it cannot use", async () => {
    using model = tinyBert();
    const trainer = new Trainer(model, QUICK);
    const loader = loaderOf(tinyData(8));
    const wrong: unknown[][] = [
      [undefined, { loader }],
      ["", { loader }],
      [3, { loader }],
      ["x.html", null],
      ["x.html", { loader: {} }],
      ["x.html", { loader, examples: -1 }],
      ["x.html", { loader, examples: NaN }],
      ["x.html", { loader, title: 5 }],
      ["x.html", { loader, colour: "red" }],
    ];
    for (const args of wrong) await rejection(trainer.report(...(args as [string])), "ERR_INVALID_ARG");
    await rejection(
      trainer.report("x.html", { loader: loaderOf(TextDataset.from(["without labels"])) }),
      "ERR_INVALID_ARG",
    );
  });
});

describe("HeldOutLook", () => {
  const hardestOf = async (
    problemType: ModelProblem,
    labels: readonly string[],
    dataset: TextDataset,
    logits: number[][],
    targets: Tensor,
  ): Promise<readonly HardExample[]> => {
    const look = new HeldOutLook({ problemType, labels } as never, dataset, 10);
    await look.look({
      logits: Tensor.from(logits),
      labels: targets,
      indices: Uint32Array.from(logits, (_, row) => row),
      size: logits.length,
    });
    return look.findings().hardest;
  };

  it("lists the classes of soft labels by their mass, with a loss that is the cross-entropy of both", async () => {
    const dataset = TextDataset.from([{ text: "x", label: { a: 0.25, b: 0.75, c: 0 } }]);
    await scope(async () => {
      const [example] = await hardestOf(
        "single-label",
        ["a", "b", "c"],
        dataset,
        [[0, 0, Math.log(2)]],
        Tensor.from([[0.25, 0.75, 0]]),
      );
      expect(example?.loss).to.be.closeTo(Math.log(4), 1e-6); // of probabilities 1/4, 1/4, 1/2
      const named = (given: HardExample["actual"]): unknown =>
        (given as { label: string; probability: number }[]).map(({ label, probability }) => [
          label,
          Number(probability.toFixed(6)),
        ]);
      expect([named(example?.actual ?? 0), named(example?.predicted ?? 0)]).to.deep.equal([
        [
          ["b", 0.25],
          ["a", 0.25],
        ],
        [["c", 0.5]],
      ]);
    });
  });

  it("joins the texts of a pair, and keeps the beginning of a long one", async () => {
    const dataset = TextDataset.from([
      { text: ["one", "two"], label: "a" },
      { text: "😀".repeat(3000), label: "a" },
    ]);
    await scope(async () => {
      const [pair, long] = await hardestOf(
        "single-label",
        ["a", "b"],
        dataset,
        [
          [0, 1],
          [0, 0],
        ],
        Tensor.from([0n, 0n], { dtype: "int64" }),
      );
      expect(pair).to.include({ row: 0, text: "one\n\ntwo", place: "row 0" });
      expect(long?.text).to.equal(`${"😀".repeat(1000)}…`);
    });
  });

  it("says which labels were given for which others, as a share of the missed label's examples", async () => {
    const dataset = TextDataset.from(
      [
        { text: "x", label: ["a"] },
        { text: "y", label: ["a"] },
      ],
      { labels: ["a", "b"] },
    );
    await scope(async () => {
      const look = new HeldOutLook({ problemType: "multi-label", labels: ["a", "b"] } as never, dataset, 0);
      await look.look({
        logits: Tensor.from([
          [-3, 3],
          [3, -3],
        ]),
        labels: Tensor.from([
          [1, 0],
          [1, 0],
        ]),
        indices: Uint32Array.of(0, 1),
        size: 2,
      });
      expect(look.confusions([2, 0], 5)).to.deep.equal([{ actual: "a", predicted: "b", count: 1, share: 0.5 }]);
      // sigmoid(±3) is 0.0474 and 0.9526: in the lower bin one of two is true, in the upper one of two
      expect(look.reliability().map(({ count, accuracy }) => [count, accuracy])).to.deep.equal([
        [2, 0.5],
        [2, 0.5],
      ]);
    });
  });

  it("takes some hundreds of a regression's rows at even distances", async () => {
    const dataset = TextDataset.from(
      Array.from({ length: 1200 }, (_, row) => ({ text: "x", label: row })),
      { problemType: "regression" },
    );
    await scope(async () => {
      const look = new HeldOutLook({ problemType: "regression", labels: ["n"] } as never, dataset, 0);
      const all = Uint32Array.from(dataset, (_, row) => row);
      await look.look({
        logits: Tensor.from(Array.from(all, (row) => [row + 0.5])),
        labels: Tensor.from(Array.from(all)),
        indices: all,
        size: all.length,
      });
      const { points } = look.findings();
      expect(points).to.have.length(400);
      expect(points[1]).to.deep.equal({ row: 3, actual: 3, predicted: 3.5 });
    });
  });
});
