/** Types of models, data and training: checked by `tsc --noEmit`. */
/* eslint-disable @typescript-eslint/no-unsafe-return -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type {
  AdamW,
  Batch,
  BertConfig,
  DataLoader,
  Evaluation,
  History,
  ModelOutput,
  MultiLabelEvaluation,
  ParamGroup,
  Prediction,
  Predictions,
  RegressionEvaluation,
  ScriptModule,
  SingleLabelEvaluation,
  Tensor,
  TextClassifier,
  TextDataset,
} from "../../lib/index";
import {
  BertForSequenceClassification,
  Classifier,
  clipGradNorm,
  decayGroups,
  LinearSchedule,
  SGD,
  Trainer,
} from "../../lib/index";

declare const bert: BertForSequenceClassification;
declare const script: ScriptModule;
declare const dataset: TextDataset;
declare const loader: DataLoader;
declare const trainer: Trainer;
declare const classifier: Classifier;
declare const optimizer: AdamW;
declare const regression: BertForSequenceClassification<"regression">;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of training", () => {
  it("a BERT is a text classifier, and its forward gives tensors", () => {
    expectTypeOf<BertForSequenceClassification>().toExtend<TextClassifier>();
    expectTypeOf<BertForSequenceClassification["forward"]>().returns.toEqualTypeOf<Promise<ModelOutput>>();
    expectTypeOf<ModelOutput["loss"]>().toEqualTypeOf<Tensor>();
    expectTypeOf<BertForSequenceClassification["config"]>().toEqualTypeOf<BertConfig>();
    expectTypeOf<Batch>().toExtend<Parameters<TextClassifier["forward"]>[0]>();
    typesOnly(() => [
      BertForSequenceClassification.fromPretrained("folder"),
      BertForSequenceClassification.fromPretrained("folder", {
        labels: dataset.labels,
        device: "cuda:1",
        dtype: "bfloat16",
        seed: 1,
      }),
      // @ts-expect-error weights are floating
      BertForSequenceClassification.fromPretrained("folder", { dtype: "int64" }),
      // @ts-expect-error labels are names
      BertForSequenceClassification.fromPretrained("folder", { labels: 45 }),
      // @ts-expect-error a model from a configuration needs labels
      BertForSequenceClassification.fromConfig({}, {}),
      // @ts-expect-error made by its factories only
      new BertForSequenceClassification(),
      // @ts-expect-error a configuration's keys have types
      BertForSequenceClassification.fromConfig({ vocab_size: "30522" }, { labels: ["a", "b"] }),
    ]);
  });

  it("the hand-written loop types as it reads", () => {
    typesOnly(async () => {
      const schedule = new LinearSchedule(optimizer, { warmupSteps: 1, totalSteps: 2 });
      for await (const batch of loader) {
        expectTypeOf(batch).toEqualTypeOf<Batch>();
        const { loss } = await bert.forward(batch);
        await loss.backward();
        expectTypeOf(await clipGradNorm(bert.parameters(), 1)).toEqualTypeOf<Tensor>();
        await optimizer.step();
        schedule.step();
        optimizer.zeroGrad();
      }
    });
    expectTypeOf(decayGroups).returns.toEqualTypeOf<readonly ParamGroup[]>();
    typesOnly(() => [
      // @ts-expect-error both are needed
      new LinearSchedule(optimizer, { totalSteps: 2 }),
      // @ts-expect-error a limit is needed
      clipGradNorm([]),
    ]);
  });

  it("the Trainer takes models and modules, and gives data", () => {
    expectTypeOf<Trainer["fit"]>().returns.toEqualTypeOf<Promise<History>>();
    expectTypeOf<Trainer["evaluate"]>().returns.toEqualTypeOf<Promise<Evaluation>>();
    expectTypeOf<Trainer["predict"]>().returns.toEqualTypeOf<Promise<Predictions>>();
    typesOnly(() => [
      new Trainer(bert),
      new Trainer(bert, { epochs: 3, learningRate: 2e-5, outputDir: "runs" }),
      new Trainer(script, { labels: ["a", "b"] }),
      new Trainer(bert, {
        saveStrategy: "steps",
        metricForBestModel: "macroF1",
        lrSchedulerType: "one_cycle",
        lrSchedulerKwargs: { pctStart: 0.2 },
        precision: "bf16",
      }),
      // @ts-expect-error no such metric
      new Trainer(bert, { metricForBestModel: "f1" }),
      // @ts-expect-error no such schedule
      new Trainer(bert, { lrSchedulerType: "cosines" }),
      // @ts-expect-error no such option
      new Trainer(bert, { learning_rate: 2e-5 }),
      // @ts-expect-error a dataset is no loader
      trainer.fit(dataset),
      // @ts-expect-error a model is needed
      new Trainer(),
    ]);
  });

  it("a model's problem decides the types of what is said about it", () => {
    typesOnly(async () => {
      const tags = await BertForSequenceClassification.fromPretrained("folder", {
        labels: ["a", "b"],
        problemType: "multi-label",
      });
      const stars = await BertForSequenceClassification.fromPretrained("folder", { problemType: "regression" });
      expectTypeOf(await BertForSequenceClassification.fromPretrained("folder")).toEqualTypeOf<
        BertForSequenceClassification<"single-label">
      >();
      expectTypeOf(await new Trainer(bert).evaluate(loader)).toEqualTypeOf<SingleLabelEvaluation>();
      expectTypeOf(await new Trainer(tags).evaluate(loader)).toEqualTypeOf<MultiLabelEvaluation>();
      expectTypeOf(await new Trainer(stars).evaluate(loader)).toEqualTypeOf<RegressionEvaluation>();
      expectTypeOf(await new Trainer(stars).fit(loader)).toEqualTypeOf<History<"regression">>();
      expectTypeOf((await new Trainer(tags).predict(loader)).labels).toEqualTypeOf<readonly (readonly string[])[]>();
      expectTypeOf((await new Trainer(stars).predict(loader)).values).toEqualTypeOf<Float32Array>();
      expectTypeOf(
        await new Trainer(script, { labels: ["y"], problemType: "regression" }).evaluate(loader),
      ).toEqualTypeOf<RegressionEvaluation>();
      expectTypeOf(
        await new Trainer(script, { labels: ["a", "b"] }).evaluate(loader),
      ).toEqualTypeOf<SingleLabelEvaluation>();
      // @ts-expect-error a number has no classes to be right about
      return (await new Trainer(stars).evaluate(loader)).accuracy;
    });
    typesOnly(async () => [
      // @ts-expect-error no such problem
      await BertForSequenceClassification.fromPretrained("folder", { problemType: "soft-label" }),
      // @ts-expect-error these metrics have no topK
      await new Trainer(regression).evaluate(loader, { topK: 2 }),
    ]);
  });

  it("options about losses and optimizers are named and typed", () => {
    typesOnly(() => [
      new Trainer(bert, {
        classWeights: "balanced",
        optim: "lion",
        averageWeights: { type: "ema", decay: 0.99 },
        freeze: [/embeddings/, "bert.pooler.*"],
      }),
      new Trainer(bert, {
        classWeights: { a: 1, b: 2 },
        optim: (groups) => new SGD(groups, { momentum: 0.9 }),
        paramGroups: [{ match: "classifier.*", learningRate: 1e-3 }],
      }),
      new Trainer(bert, {
        computeLoss: (logits, { labels }) => logits.sub(labels.unsqueeze(-1)).pow(2).mean(),
        distillation: { teacher: bert, alpha: 0.1 },
      }),
      // @ts-expect-error misspelt
      new Trainer(bert, { classWeights: "balance" }),
      // @ts-expect-error no such optimizer
      new Trainer(bert, { optim: "adamax" }),
      // @ts-expect-error swa has no decay
      new Trainer(bert, { averageWeights: { type: "swa", decay: 0.9 } }),
      // @ts-expect-error a loss is a tensor
      new Trainer(bert, { computeLoss: () => 1 }),
      // @ts-expect-error a rule needs a pattern
      new Trainer(bert, { paramGroups: [{ learningRate: 1e-3 }] }),
    ]);
  });

  it("the Classifier gives one result for one text and a list for many", () => {
    typesOnly(() => {
      expectTypeOf(classifier.predict("a text")).toEqualTypeOf<Promise<Prediction>>();
      expectTypeOf(classifier.predict(["a text"])).toEqualTypeOf<Promise<Prediction[]>>();
      // @ts-expect-error a text is a string or a pair
      return [Classifier.load("folder"), classifier.predict(5)];
    });
  });
});
