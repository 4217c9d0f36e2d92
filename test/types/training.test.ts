/** Types of models, data and training: checked by `tsc --noEmit`. */
/* eslint-disable @typescript-eslint/no-unsafe-return -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type { AdamW, Batch, BertConfig, Evaluation, History, ModelOutput, ParamGroup, Prediction, Predictions, ScriptModule, Tensor, TextClassifier , DataLoader, TextDataset} from "../../lib/index";
import { BertForSequenceClassification, Classifier, clipGradNorm, decayGroups, LinearSchedule, Trainer } from "../../lib/index";

declare const bert: BertForSequenceClassification;
declare const script: ScriptModule;
declare const dataset: TextDataset;
declare const loader: DataLoader;
declare const trainer: Trainer;
declare const classifier: Classifier;
declare const optimizer: AdamW;

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
      BertForSequenceClassification.fromPretrained("folder", { labels: dataset.labels, device: "cuda:1", dtype: "bfloat16", seed: 1 }),
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
      new Trainer(bert), new Trainer(bert, { epochs: 3, learningRate: 2e-5, outputDir: "runs" }), new Trainer(script, { labels: ["a", "b"] }),
      new Trainer(bert, { saveStrategy: "steps", metricForBestModel: "macroF1", lrSchedulerType: "one_cycle", lrSchedulerKwargs: { pctStart: 0.2 }, precision: "bf16" }),
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

  it("the Classifier gives one result for one text and a list for many", () => {
    typesOnly(() => {
      expectTypeOf(classifier.predict("a text")).toEqualTypeOf<Promise<Prediction>>();
      expectTypeOf(classifier.predict(["a text"])).toEqualTypeOf<Promise<Prediction[]>>();
      // @ts-expect-error a text is a string or a pair
      return [Classifier.load("folder"), classifier.predict(5)];
    });
  });
});
