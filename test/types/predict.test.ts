/** Types of using a trained model: checked by `tsc --noEmit`. */
import { expectTypeOf } from "expect-type";
import type {
  BertForSequenceClassification,
  Explanation,
  ModelProblem,
  MultiLabelPrediction,
  Prediction,
  RegressionPrediction,
  SingleLabelPrediction,
  TextClassifier,
  Tokenizer,
} from "../../lib/index";
import { Classifier } from "../../lib/index";

declare const tokenizer: Tokenizer;
declare const tagger: BertForSequenceClassification<"multi-label">;
declare const bert: BertForSequenceClassification;
declare const some: TextClassifier;
declare const classifier: Classifier;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of predictions", () => {
  it("are those of the problem: one class unless something else is said", () => {
    expectTypeOf<Prediction>().toEqualTypeOf<SingleLabelPrediction>();
    typesOnly(async () => {
      const { label, probability, top } = await classifier.predict("a text");
      expectTypeOf({ label, probability, top: top.length }).toEqualTypeOf<{
        label: string;
        probability: number;
        top: number;
      }>();
      expectTypeOf(await new Classifier(bert, tokenizer).predict("a text")).toEqualTypeOf<SingleLabelPrediction>();
      expectTypeOf(await new Classifier(tagger, tokenizer).predict(["a text"])).toEqualTypeOf<MultiLabelPrediction[]>();
      const regression = await Classifier.load("folder", { problemType: "regression" });
      expectTypeOf(await regression.predict("a text")).toEqualTypeOf<RegressionPrediction>();
      for await (const { value } of regression.stream(["a text"])) expectTypeOf(value).toEqualTypeOf<number>();
      // @ts-expect-error a number has no label
      return (await regression.predict("a text")).label;
    });
  });

  it("tell problems apart where the model's is not known", () => {
    typesOnly(async () => {
      const prediction = await new Classifier(some, tokenizer).predict("a text");
      expectTypeOf(prediction).toEqualTypeOf<Prediction<ModelProblem>>();
      if ("value" in prediction) expectTypeOf(prediction).toEqualTypeOf<RegressionPrediction>();
      else if ("labels" in prediction) expectTypeOf(prediction).toEqualTypeOf<MultiLabelPrediction>();
      else expectTypeOf(prediction).toEqualTypeOf<SingleLabelPrediction>();
    });
  });

  it("come of streams, explanations and options", () => {
    expectTypeOf<Classifier["explain"]>().returns.toEqualTypeOf<Promise<Explanation>>();
    typesOnly(() => [
      classifier.stream(["a", ["b", "c"]]),
      Classifier.load("folder", {
        windows: { stride: 16 },
        maxWaitMs: 5,
        calibration: { temperature: 1.5, abstention: { threshold: 0.9 } },
      }),
      // @ts-expect-error a text is no source
      classifier.stream(5),
      // @ts-expect-error no such option
      classifier.predict("a text", { top_k: 3 }),
      // @ts-expect-error no such problem
      Classifier.load("folder", { problemType: "soft-label" }),
    ]);
  });
});
