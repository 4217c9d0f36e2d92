/** What a model says about one text, by its problem, and how it follows from the logits. */
import type { Calibration } from "../models/calibration";
import type { ModelProblem } from "../models/model";
import type { ResolvedPredictOptions } from "./options";
import { type LabelProbability, rank } from "./rank";

/** The class of a text. */
export interface SingleLabelPrediction extends LabelProbability {
  /** The most probable labels, most probable first; the first one is the prediction itself. */
  readonly top: readonly LabelProbability[];
  /**
   * Where the classifier has an abstention threshold: whether the probability is below it, so that the label should not
   * be relied on.
   */
  readonly abstained?: boolean;
}

/** Any number of classes of a text. */
export interface MultiLabelPrediction {
  /** Labels whose probability exceeds the threshold, in the order of the model's labels. */
  readonly labels: readonly string[];
  /**
   * Labels with their probabilities, each between 0 and 1 of its own, most probable first; all of them, unless `topK`
   * says fewer.
   */
  readonly top: readonly LabelProbability[];
}

/** A number for a text. */
export interface RegressionPrediction {
  /** The number. */
  readonly value: number;
}

/** Predictions by what the model decides. @inline */
interface PredictionByProblem {
  /** For one class of each text. */
  readonly "single-label": SingleLabelPrediction;
  /** For any number of classes. */
  readonly "multi-label": MultiLabelPrediction;
  /** For a number. */
  readonly regression: RegressionPrediction;
}

/** What a classifier says about one text, by its model's problem. */
export type Prediction<P extends ModelProblem = "single-label"> = PredictionByProblem[P];

/** How a classifier reads logits. */
export interface Reading<P extends ModelProblem> {
  readonly problem: P;
  readonly labels: readonly string[];
  readonly calibration: Calibration | undefined;
}

type Answers = {
  readonly [P in ModelProblem]: (
    logits: Float32Array,
    reading: Reading<ModelProblem>,
    options: ResolvedPredictOptions,
  ) => Prediction<P>;
};

const ANSWERS: Answers = {
  "single-label": (logits, { labels, calibration }, { topK }) => {
    const top = rank(softmax(logits, calibration?.temperature), labels, topK);
    const first = top[0] as LabelProbability;
    const { abstention } = calibration ?? {};
    return { ...first, top, ...(abstention && { abstained: first.probability < abstention.threshold }) };
  },
  "multi-label": (logits, { labels, calibration }, { topK, threshold }) => {
    const probabilities = sigmoid(logits, calibration?.temperature);
    return {
      labels: labels.filter((_, id) => (probabilities[id] as number) > threshold),
      top: rank(probabilities, labels, topK),
    };
  },
  regression: ([value = NaN]) => ({ value }),
};

/** The prediction that logits `[classes]` mean. */
export function readLogits<P extends ModelProblem>(
  logits: Float32Array,
  reading: Reading<P>,
  options: ResolvedPredictOptions,
): Prediction<P> {
  return ANSWERS[reading.problem](logits, reading, options);
}

function softmax(logits: Float32Array, temperature = 1): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function sigmoid(logits: Float32Array, temperature = 1): Float64Array {
  return Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit / temperature)));
}
