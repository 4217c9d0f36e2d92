/** What is minimised, against PyTorch: `scripts/golden/losses.py`. */
import { expect } from "chai";
import "../../../lib/index"; // what tensors can do
import type { Batch } from "../../../lib/data/batch";
import { ClassifierOutput, type ModelInputs, type ModelProblem, type TextClassifier } from "../../../lib/models/model";
import { problemLoss } from "../../../lib/models/problem";
import { scope } from "../../../lib/tensor/scope";
import { Tensor } from "../../../lib/tensor/tensor";
import { checkLossOptions } from "../../../lib/train/objective/check-loss-options";
import { resolveClassWeights } from "../../../lib/train/objective/class-weights";
import { Objective } from "../../../lib/train/objective/objective";
import { resolveOptions } from "../../../lib/train/check-options";
import type { TrainerOptions } from "../../../lib/train/options";
import { largestDifference, readGolden } from "../../support/golden";
import { rejection, thrown } from "../../support/rejection";
import { TextDataset } from "../../../lib/data/text-dataset";

interface Case {
  readonly problemType: ModelProblem;
  readonly options: TrainerOptions & {
    readonly teacher?: number[][];
    readonly distillation?: { temperature?: number; alpha: number };
  };
  readonly logits: number[][];
  readonly labels: number[] | number[][];
  readonly loss: number;
  readonly gradient: number[][];
}

/** A model whose answer is known. */
function answering(
  problemType: ModelProblem,
  logits: Tensor,
  labels: readonly string[] = ["a", "b", "c", "d"],
): TextClassifier {
  const forward = async ({ labels: targets }: ModelInputs): Promise<ClassifierOutput> =>
    new ClassifierOutput(logits, targets && problemLoss(problemType, logits, targets));
  return { labels, problemType, device: "cpu", forward } as unknown as TextClassifier;
}

function batchOf(labels: Tensor, documents?: readonly number[]): Batch {
  const size = documents?.length ?? labels.shape[0] ?? 0;
  return {
    labels,
    size,
    indices: Uint32Array.from({ length: size }, (_, i) => i),
    ...(documents && { documents: Uint32Array.from(documents) }),
  } as unknown as Batch;
}

const labelTensor = (labels: number[] | number[][]): Tensor => {
  const ids = labels.every((label) => Number.isInteger(label));
  return Tensor.from(labels, { dtype: ids ? "int64" : "float64" });
};

describe("Objective", () => {
  for (const {
    problemType,
    options: { teacher, distillation, ...options },
    ...expected
  } of readGolden<{ cases: Case[] }>("losses.json").cases) {
    const soft = problemType === "single-label" && Array.isArray(expected.labels[0]);
    it(`of ${problemType}${soft ? " with soft labels" : ""}, ${JSON.stringify({ ...options, distillation })}, is PyTorch's, its gradient too`, async () => {
      await scope(async () => {
        const logits = Tensor.from(expected.logits, { dtype: "float64", requiresGrad: true });
        const model = answering(problemType, logits);
        const taught = distillation &&
          teacher && { ...distillation, teacher: answering(problemType, Tensor.from(teacher, { dtype: "float64" })) };
        const resolved = resolveOptions({ ...options, ...(taught && { distillation: taught }) });
        checkLossOptions(model, resolved);
        const classWeights = await resolveClassWeights(resolved.classWeights, model, undefined);
        using objective = new Objective({ model, options: resolved, classWeights });
        const { loss } = await objective.of(batchOf(labelTensor(expected.labels)));
        expect(loss.item()).to.be.closeTo(expected.loss, 1e-9 * Math.max(1, expected.loss));
        await loss.backward();
        expect(largestDifference((logits.grad as Tensor).toTypedArray(), expected.gradient.flat())).to.be.lessThan(
          1e-9,
        );
      });
    });
  }

  it("of a loss of one's own is its mean, whether it gives one or one per example", async () => {
    await scope(async () => {
      const logits = Tensor.from([
        [1, 0],
        [0, 1],
        [3, 0],
      ]);
      const model = answering("single-label", logits, ["x", "y"]);
      const seen: unknown[] = [];
      for (const perExample of [true, false]) {
        const options = resolveOptions({
          computeLoss: (given, { labels, size, indices }) => {
            seen.push([given === logits, labels.toArray(), size, [...indices]]);
            const margins = given.select(1, 0); // [3]
            return perExample ? margins : margins.mean();
          },
        });
        using objective = new Objective({ model, options });
        expect((await objective.of(batchOf(labelTensor([0, 1, 0])))).loss.item()).to.be.closeTo(4 / 3, 1e-6);
      }
      expect(seen).to.deep.equal([
        [true, [0n, 1n, 0n], 3, [0, 1, 2]],
        [true, [0n, 1n, 0n], 3, [0, 1, 2]],
      ]);
    });
  });

  it("refuses what is no loss", async () => {
    await scope(async () => {
      const model = answering(
        "single-label",
        Tensor.from([
          [1, 0],
          [0, 1],
        ]),
        ["x", "y"],
      );
      for (const wrong of [1, undefined, Tensor.from([1, 2, 3]), Tensor.from([[1], [2]])]) {
        using objective = new Objective({ model, options: resolveOptions({ computeLoss: () => wrong as Tensor }) });
        expect(await rejection(objective.of(batchOf(labelTensor([0, 1]))), "ERR_INVALID_ARG")).to.match(
          /computeLoss: expected a scalar/,
        );
      }
    });
  });

  it("of long documents is that of their windows' mean logits, and its gradient reaches every window", async () => {
    await scope(async () => {
      const logits = Tensor.from(
        [
          [1, 3],
          [0, 0],
          [4, 2],
          [-1, 5],
        ],
        { requiresGrad: true },
      );
      using objective = new Objective({
        model: answering("single-label", logits, ["x", "y"]),
        options: resolveOptions({}),
      });
      const { loss, weight, batch } = await objective.of(batchOf(labelTensor([1, 0, 0, 0]), [0, 1, 1, 1]));
      // Cross-entropy by its formula, log(sum(exp(x))) - x[label], averaged over two documents.
      const entropy = (row: number[], label: number): number =>
        Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[label] as number);
      expect(loss.item()).to.be.closeTo((entropy([1, 3], 1) + entropy([1, 7 / 3], 0)) / 2, 1e-6);
      expect(weight).to.equal(2);
      expect(batch.labels?.toArray()).to.deep.equal([1n, 0n]);
      await loss.backward();
      const p = Math.exp(7 / 3) / (Math.exp(1) + Math.exp(7 / 3)); // of the second document's wrong class
      const gradient = (logits.grad as Tensor).toArray() as number[][];
      for (const row of gradient.slice(1)) expect(row[1]).to.be.closeTo(p / 2 / 3, 1e-6);
    });
  });
});

describe("class weights", () => {
  const model = (labels: readonly string[], problemType: ModelProblem = "single-label") =>
    ({ labels, problemType }) as TextClassifier;
  const data = (labels: (string | string[])[]): TextDataset =>
    TextDataset.from(labels.map((label) => ({ text: "x", label })));

  it("are scikit-learn's when balanced", async () => {
    // compute_class_weight("balanced", classes=["a", "b", "c"], y=list("aaaaaabbbc")) = 10 / (3 * [6, 3, 1])
    const weights = await resolveClassWeights("balanced", model(["a", "b", "c"]), data([..."aaaaaabbbc"]));
    expect(weights).to.deep.equal([10 / 18, 10 / 9, 10 / 3]);
  });

  it("of a class that does not occur are as if it did once", async () => {
    expect(await resolveClassWeights("balanced", model(["a", "b", "z"]), data([..."aab"]))).to.deep.equal([
      3 / 6,
      1,
      1,
    ]);
  });

  it("of a multi-label problem are negatives over positives", async () => {
    expect(
      await resolveClassWeights("balanced", model(["a", "b"], "multi-label"), data([["a"], ["a", "b"], [], ["a"]])),
    ).to.deep.equal([1 / 3, 3]);
  });

  it("come in the labels' order, by position or name", async () => {
    expect(await resolveClassWeights([1, 2], model(["a", "b"]), undefined)).to.deep.equal([1, 2]);
    expect(await resolveClassWeights({ b: 2, a: 1 }, model(["a", "b"]), undefined)).to.deep.equal([1, 2]);
  });
});

describe("options about the loss", () => {
  const check = (options: object, problemType: ModelProblem = "single-label"): void =>
    checkLossOptions(
      { labels: problemType === "regression" ? ["y"] : ["a", "b"], problemType } as unknown as TextClassifier,
      resolveOptions(options),
    );
  const teacher = { labels: ["a", "b"], forward: () => undefined };

  for (const [options, problem, message] of [
    [{ labelSmoothingFactor: 0.1 }, "multi-label", /no labelSmoothingFactor for a multi-label model/],
    [{ labelSmoothingFactor: 0.1, focalGamma: 2 }, "single-label", /no labelSmoothingFactor with focalGamma/],
    [{ classWeights: "balanced" }, "regression", /no classWeights for a regression/],
    [{ focalGamma: 2 }, "regression", /no focalGamma for a regression/],
    [{ focalGamma: 2, computeLoss: () => 0 }, "single-label", /no focalGamma with computeLoss/],
    [{ classWeights: [1, 2], distillation: { teacher } }, "single-label", /no classWeights with distillation/],
    [{ classWeights: [1] }, "single-label", /classWeights to have 2 numbers/],
    [{ classWeights: [1, NaN] }, "single-label", /numbers of 0 or more, got NaN/],
    [{ classWeights: [1, "2"] }, "single-label", /numbers of 0 or more/],
    [{ classWeights: new Array(2) }, "single-label", /numbers of 0 or more/],
    [{ classWeights: [0, 0] }, "single-label", /above 0 among them/],
    [{ classWeights: { a: 1 } }, "single-label", /labels as keys, a, b, got a/],
    [{ distillation: {} }, "single-label", /teacher to be a model/],
    [{ distillation: { teacher, temperature: 0 } }, "single-label", /temperature to be a number above 0/],
    [{ distillation: { teacher, alpha: 2 } }, "single-label", /alpha to be a number in/],
    [
      { distillation: { teacher: { ...teacher, labels: ["b", "a"] } } },
      "single-label",
      /teacher for the student's problem/,
    ],
  ] as const) {
    it(`${JSON.stringify(options)} is refused for ${problem}`, () => {
      expect(thrown(() => check(options, problem), "ERR_INVALID_ARG")).to.match(message);
    });
  }

  it("a model cannot teach itself", () => {
    const model = { labels: ["a", "b"], forward: () => undefined } as unknown as TextClassifier;
    expect(
      thrown(() => checkLossOptions(model, resolveOptions({ distillation: { teacher: model } })), "ERR_INVALID_ARG"),
    ).to.match(/got the model itself/);
  });
});
