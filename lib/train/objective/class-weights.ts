/** Factors for classes: as given, or so that rare ones count as much as frequent ones. */
import type { TextDataset } from "../../data/text-dataset";
import { namesIn } from "../../data/problem-type";
import { TimeSlice } from "../../text/time-slice";
import { describe, TorchwrightError } from "../../errors";
import type { TextClassifier } from "../../models/model";

/** "balanced" by the training data's counts; or a factor for each class, by the labels' order or by name. */
export type ClassWeights = "balanced" | readonly number[] | Readonly<Record<string, number>>;

/**
 * The factors in the order of the model's labels.
 *
 * "balanced" is examples / (classes · examples of the class), as scikit-learn's `compute_class_weight`; of a
 * multi-label problem, whose factors are on the positive targets alone, examples without the class / examples with it.
 * A class that does not occur counts as if it did once.
 *
 * @param dataset training data; undefined where it is not known, "balanced" then gives undefined
 * @throws TorchwrightError ERR_INVALID_ARG
 */
export async function resolveClassWeights(
  weights: ClassWeights | undefined,
  { labels, problemType }: TextClassifier,
  dataset: TextDataset | undefined,
): Promise<readonly number[] | undefined> {
  if (weights === undefined) return undefined;
  if (weights !== "balanced") return givenWeights(weights, labels);
  if (!dataset) return undefined;
  const counts = new Map(labels.map((label) => [label, 0]));
  const slice = new TimeSlice();
  for (const { label } of dataset) {
    for (const name of namesIn(label)) counts.set(name, (counts.get(name) ?? 0) + 1);
    if (slice.over()) await slice.next();
  }
  return labels.map((label) => {
    const count = Math.max(counts.get(label) ?? 0, 1);
    return problemType === "multi-label" ? (dataset.length - count) / count : dataset.length / (labels.length * count);
  });
}

/** Checks factors and brings them into the labels' order. */
export function givenWeights(weights: Exclude<ClassWeights, "balanced">, labels: readonly string[]): readonly number[] {
  const invalid = (expected: string, got: string): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected classWeights to have ${expected}, got ${got}`);
  const names = Object.keys(weights);
  if (
    !Array.isArray(weights) &&
    (names.length !== labels.length || !labels.every((label) => Object.hasOwn(weights, label)))
  ) {
    throw invalid(`the model's labels as keys, ${labels.join(", ")}`, names.join(", "));
  }
  const list = Array.isArray(weights)
    ? Array.from(weights as readonly number[])
    : labels.map((label) => (weights as Readonly<Record<string, number>>)[label] as number);
  if (list.length !== labels.length) throw invalid(`${labels.length} numbers, one for each label`, `${list.length}`);
  const bad = list.find((weight) => typeof weight !== "number" || !(weight >= 0 && weight < Infinity));
  if (bad !== undefined || !list.every((weight) => typeof weight === "number")) {
    throw invalid("numbers of 0 or more", describe(bad));
  }
  if (list.every((weight) => weight === 0)) throw invalid("a number above 0 among them", "zeros only");
  return list;
}
