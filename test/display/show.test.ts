import { inspect } from "node:util";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { Dataset } from "../../lib/data/dataset";
import { inspect as inspectData } from "../../lib/data/inspect/inspect";
import { TextDataset } from "../../lib/data/text-dataset";
import { showAt } from "../../lib/display/show";
import { toHtml } from "../../lib/display/to-html";
import { classificationReport } from "../../lib/metrics/classification";
import { ConfusionMatrix } from "../../lib/metrics/confusion-matrix";
import { MultiLabelMetrics } from "../../lib/metrics/multi-label-metrics";
import { RegressionMetrics } from "../../lib/metrics/regression-metrics";
import { SingleLabelMetrics } from "../../lib/metrics/single-label-metrics";
import { Classifier } from "../../lib/predict/classifier";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { Trainer } from "../../lib/train/trainer";
import { tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

/** Texts of the cells, row by row. */
const table = (html: string): string[][] =>
  [...html.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)].map(([, cells]) =>
    [...(cells as string).matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, text]) => text as string),
  );
const has = (html: string, ...tags: readonly string[]): string[] =>
  tags.filter((tag) => html.includes(`<${tag} `) || html.includes(`<${tag}>`));
const EVIL = `</td><script>alert("1")</script>&'`;

describe("toHtml", () => {
  it("draws vectors and matrices, whole where they are small and by their corners where they are large", () => {
    scope(() => {
      const small = toHtml(
        Tensor.from([
          [1, -2.5],
          [NaN, 0],
        ]),
      );
      expect(table(small)).to.deep.equal([
        ["1", "-2.5"],
        ["NaN", "0"],
      ]);
      expect(small)
        .to.contain("Tensor float32 [2, 2], cpu")
        .and.to.contain("min -2.5 · mean -0.5 · max 1 · 1 not finite"); // of the finite ones
      expect(
        [...small.matchAll(/rgba\((\d+)[^)]*,([\d.]+)\)"/g)].map(([, red, strength]) => [red, Number(strength)]),
      ).to.deep.equal([
        ["59", 0.18],
        ["217", 0.45],
      ]); // 1 of 2.5, and all of it below zero

      const large = toHtml(ops.arange(40 * 30).reshape([40, 30]));
      const rows = table(large);
      expect(rows).to.have.length(11);
      expect(rows[0]).to.deep.equal(["0", "1", "2", "3", "…", "26", "27", "28", "29"]);
      expect(rows[5]).to.deep.equal(["⋮"]);
      expect(rows[10]?.at(-1)).to.equal("1199");
      expect(large).to.contain("min 0 · ").and.to.contain("max 1199");
    });
  });

  it("shows every tensor that there is", () => {
    scope(() => {
      const tensors = [
        Tensor.from(3),
        Tensor.from([true, false]),
        Tensor.from([2n ** 60n]),
        Tensor.from([1, 2], { requiresGrad: true }).mul(2),
        ops.zeros([0, 3]),
        ops.zeros([2, 2, 2]),
        ops.zeros([3], { dtype: "bfloat16" }),
        ops.zeros([3], { dtype: "complex64" }),
        ops.zeros([2], { device: "meta" }),
        Tensor.from([[1, 0]]).toSparse(),
      ];
      const all = tensors.map(toHtml);
      for (const html of all) expect(html).to.match(/^<div class="torchwright">.*Tensor [a-z]+\d* ?\[.*<\/div>$/s);
      expect(table(all[2] ?? "")).to.deep.equal([["1152921504606846976"]]);
      expect(all[3]).to.contain("from MulBackward");
      expect(toHtml(Tensor.from([2n ** 62n, -1n]))).to.contain("min -1 · max 4611686018427387904");
      expect(toHtml(ops.full([2, 2], NaN))).to.contain('<p class="dim">4 not finite</p>');
      const gone = Tensor.from([1]);
      gone.dispose();
      expect(toHtml(gone)).to.contain("Tensor, disposed");
      expect(all[5]).to.contain("<pre>tensor([[[0., 0.],");
    });
  });

  it("shows the first rows of a dataset, and how many there are of each class", () => {
    const html = toHtml(tinyData(20));
    expect(html).to.contain("TextDataset of 20 rows, 2 classes").and.to.contain("Labels: 20 rows");
    expect(table(html).slice(0, 2)).to.deep.equal([
      ["label", "text"],
      ["good", "the film was very good"],
    ]);
    expect(table(html)).to.have.length(6);
    expect(has(html, "svg", "rect")).to.have.length(2);
    expect(html).to.contain("10 (50.0%)");
    expect(table(toHtml(Dataset.from([{ a: 1, b: EVIL }])))).to.deep.equal([
      ["a", "b"],
      ["1", "&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"],
    ]);
  });

  it("shows metrics of every problem, also as they come out of a file", () => {
    const single = new SingleLabelMetrics(["a", "b"]);
    single.addAll([0.9, 0.1, 0.4, 0.6, 0.7, 0.3], [0, 1, 1]);
    const multi = new MultiLabelMetrics(["a", "b"]);
    multi.addAll([0.9, 0.1, 0.4, 0.6], [1, 0, 1, 1]);
    const numbers = new RegressionMetrics();
    numbers.addAll([1, 2, 3], [1, 2, 5]);
    for (const summary of [single.summary(), multi.summary(), numbers.summary()]) {
      const html = toHtml(summary);
      expect(html).to.contain("Metrics of").and.to.contain("<table");
      expect(toHtml(JSON.parse(JSON.stringify(summary)))).to.equal(html.replaceAll("NaN", "–"));
    }
    expect(toHtml(single.summary())).to.contain("accuracy 0.6667"); // two of three
    expect(table(toHtml(classificationReport([0, 1, 1], [0, 1, 0])))[1]).to.deep.equal([
      "0",
      "0.5000",
      "1.0000",
      "0.6667",
      "1",
    ]);
  });

  it("maps a confusion matrix, and of many classes lists the pairs as well", () => {
    const matrix = new ConfusionMatrix(["cat", EVIL]);
    matrix.addAll([0, 0, 1], [0, 1, 1]);
    expect(toHtml(matrix)).to.contain('title="cat predicted as cat: 1 (50.0%)"').and.to.not.contain("<script");
    const large = new ConfusionMatrix(20);
    large.addAll([3, 3, 3, 4], [5, 5, 3, 4]);
    const html = toHtml(large);
    expect(has(html, "svg", "rect", "table")).to.have.length(3);
    expect(table(html)[1]).to.deep.equal(["3", "5", "2", "66.7%"]);
  });

  it("shows what a Trainer, a classifier and inspect say, and what has HTML of its own", async () => {
    const model = tinyBert();
    const tokenizer = await tinyTokenizer();
    const loader = new DataLoader(tinyData(16), { tokenizer, batchSize: 8 });
    const trainer = new Trainer(model, { epochs: 2, logEvery: 1, progress: "silent" });
    const history = await trainer.fit(loader, { evalLoader: loader });
    const run = toHtml(history);
    expect(has(run, "svg", "polyline", "circle", "table")).to.have.length(4);
    expect(run).to.contain("4 of 4 steps").and.to.contain("Learning rate by step");
    expect(toHtml(JSON.parse(JSON.stringify(history)))).to.equal(run);

    const evaluation = await trainer.evaluate(loader, { bootstrap: { seed: 1 } });
    const html = toHtml(evaluation);
    expect(has(html, "dl", "svg", "table")).to.have.length(3);
    expect(html).to.contain("Metrics of 16 examples: loss ").and.to.contain("Confusion matrix").and.to.contain(" to ");
    expect(toHtml({ ...evaluation, confusionMatrix: evaluation.confusionMatrix.toJSON() })).to.equal(html);

    const curve = toHtml(await trainer.findLearningRate(loader, { numTraining: 20 }));
    expect(has(curve, "svg", "circle")).to.have.length(2);

    const explanation = await new Classifier(model, tokenizer).explain("the film was very good");
    const marked = toHtml(explanation);
    expect([...marked.matchAll(/title="[^"]*">(\w+)<\/span>/g)].map(([, word]) => word)).to.deep.equal([
      "the",
      "film",
      "was",
      "very",
      "good",
    ]);
    expect(toHtml(JSON.parse(JSON.stringify(explanation)))).to.equal(marked);

    expect(toHtml(await inspectData({ train: tinyData(8) }))).to.contain('class="torchwright-inspection"');
    expect(toHtml({ toHtml: () => "<b>own</b>" })).to.equal("<b>own</b>");
    model.dispose();
  });

  it("shows all else as util.inspect prints it, and takes no text for HTML", () => {
    for (const value of [
      undefined,
      null,
      3,
      EVIL,
      { a: [EVIL] },
      new Map([[EVIL, 1]]),
      Symbol("x"),
      () => EVIL,
      {},
      [],
      { problemType: "single-label" },
      { points: [] },
      { examples: 3 },
    ]) {
      const html = toHtml(value);
      expect(html).to.match(/^<pre>[^<]*<\/pre>$/);
      expect(html).to.not.contain("<script");
    }
    expect(toHtml({ a: 1 })).to.equal("<pre>{ a: 1 }</pre>");
  });

  it("loads nothing and runs nothing", () => {
    scope(() => {
      for (const value of [Tensor.from([[1, 2]]), tinyData(8), new ConfusionMatrix(3)]) {
        expect(toHtml(value)).to.not.match(/<script|<link|<img|src=|href=|url\(|@import|\bon\w+=/i);
      }
    });
  });
});

describe("show", () => {
  it("makes an output for each value in a notebook", () => {
    const shown: string[] = [];
    showAt({ notebook: () => ({ html: (text) => void shown.push(text) }), print: () => expect.fail("printed") }, [
      new ConfusionMatrix(2),
      "text",
    ]);
    expect(shown).to.deep.equal([toHtml(new ConfusionMatrix(2)), "<pre>&#39;text&#39;</pre>"]);
  });

  it("prints where there is no notebook, as console.log does", () => {
    const printed: unknown[] = [];
    const data = tinyData(8);
    showAt({ notebook: undefined, print: (value) => void printed.push(value) }, [data, "text"]);
    expect(printed).to.deep.equal([data, "text"]);
    expect(inspect(printed[0])).to.contain("TextDataset of 8 rows");
  });
});

describe("console.log", () => {
  it("prints datasets by their first rows, and in one line inside of something", () => {
    const data = TextDataset.from([
      { text: "a\u001b[31m", label: "x" },
      { text: ["b", "c"], label: "y" },
    ]);
    expect(inspect(data).split("\n")).to.deep.equal([
      "TextDataset of 2 rows, 2 classes",
      "",
      "All rows",
      "  label  text",
      "  x      a\\u001b[31m",
      "  y      b | c",
    ]);
    expect(inspect({ data })).to.equal("{ data: TextDataset of 2 rows, 2 classes }");
    expect(inspect(tinyData(12))).to.contain("The first 5 rows");
    expect(inspect(Dataset.from([{ n: 1.23456, when: new Date(0) }]))).to.contain("1.235  1970-01-01T00:00:00.000Z");
  });

  it("prints metrics and matrices as tables, which stay the data that they were", () => {
    const metrics = new SingleLabelMetrics(["a", "b"]);
    metrics.addAll([0.9, 0.1, 0.4, 0.6], [0, 1]);
    const summary = metrics.summary();
    expect(inspect(summary).split("\n").slice(0, 5)).to.deep.equal([
      "Metrics of 2 examples: accuracy 1.0000, macroF1 1.0000",
      "",
      "Metrics",
      "  metric                     value",
      "  accuracy                  1.0000",
    ]);
    expect(inspect([summary])).to.equal("[ Metrics of 2 examples: accuracy 1.0000, macroF1 1.0000 ]");
    expect(Object.keys(summary)).to.deep.equal(Object.keys(structuredClone(summary)));
    expect(inspect(summary, { customInspect: false })).to.contain("accuracy: 1,");
    expect(inspect(metrics.confusionMatrix).split("\n").slice(3)).to.deep.equal([
      "     a  b",
      "  a  1  0",
      "  b  0  1",
    ]);
    expect(inspect({ matrix: metrics.confusionMatrix })).to.equal(
      "{ matrix: ConfusionMatrix of 2 classes, 2 examples }",
    );
    expect(inspect(classificationReport([0, 1], [0, 1]))).to.contain(
      "weighted average     1.0000  1.0000  1.0000        2",
    );
  });

  it("prints no line that is wider than a terminal", () => {
    const long = "a name of a class that does not end ".repeat(4);
    const matrix = new ConfusionMatrix(Array.from({ length: 8 }, (_, at) => `${long}${at}`));
    const data = TextDataset.from([{ text: long.repeat(3), label: long }]);
    for (const value of [
      matrix,
      data,
      Dataset.from([Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`field${at}`, long]))]),
    ]) {
      expect(
        Math.max(
          ...inspect(value)
            .split("\n")
            .map(({ length }) => length),
        ),
      ).to.be.at.most(80);
    }
  });
});
