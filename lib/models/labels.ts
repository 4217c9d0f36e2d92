/** Names of classes: checked, read from a configuration, fitted to a checkpoint's head. */
import { listLabels } from "../data/labels";
import { describe, TorchwrightError } from "../errors";
import type { ProblemType } from "../data/problem-type";
import { invalidConfig } from "./bert-config";
import type { ModelInputs, ModelProblem, TextClassifier } from "./model";

/** The class names of a configuration, by id, or undefined where it has none. */
export function labelsOf(config: Readonly<Record<string, unknown>>, where: string): readonly string[] | undefined {
  const map = config["id2label"];
  if (map === undefined || map === null) return undefined;
  if (typeof map !== "object") throw invalidConfig(`${where}: id2label`, "an object", map);
  const entries = Object.entries(map as Record<string, unknown>);
  const labels = entries.map((_, id) => (map as Record<string, unknown>)[String(id)]);
  if (entries.length === 0 || labels.some((label) => typeof label !== "string")) {
    throw invalidConfig(`${where}: id2label`, `names for 0 to ${entries.length - 1}`, map);
  }
  return labels as string[];
}

/** How many labels a problem has: classes to choose one of, classes of which each may be, or the name of a number. */
const COUNTS: Readonly<Record<ModelProblem, readonly [least: number, most: number, words: string]>> = {
  "single-label": [2, Infinity, "at least two label names"],
  "multi-label": [1, Infinity, "at least one label name"],
  regression: [1, 1, "one label name, that of the number"],
};

/** @throws TorchwrightError ERR_INVALID_ARG unless `labels` are different names, as many as the problem has */
export function checkLabels(
  labels: unknown,
  operation: string,
  problem: ModelProblem = "single-label",
): readonly string[] {
  const [least, most, words] = COUNTS[problem];
  if (
    !Array.isArray(labels) ||
    labels.length < least ||
    labels.length > most ||
    Array.from<unknown>(labels).some((label) => typeof label !== "string")
  ) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${words}, got ${describe(labels)}`);
  }
  const names = labels as string[];
  const twice = names.find((label, index) => names.indexOf(label) !== index);
  if (twice !== undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected different label names, got ${describe(twice)} twice`,
    );
  }
  return [...names];
}

/** The problem of models that learn from such data; soft labels say more about the one class of a text. */
export function problemOf(data: ProblemType): ModelProblem {
  return data === "soft-label" ? "single-label" : data;
}

/**
 * Looks at a batch before its labels are taken for the model's: the same names in another order would train the
 * model on swapped labels, and several classes of a text would pass for probabilities of one; nothing would show it.
 *
 * @throws TorchwrightError ERR_LABEL_ORDER; ERR_INVALID_ARG for labels of another kind of problem
 */
export function checkBatchLabels(
  { labels, problemType: problem = "single-label" }: Pick<TextClassifier, "labels" | "problemType">,
  inputs: ModelInputs,
): void {
  const { labels: ids, labelNames, problemType: data } = inputs;
  if (ids === undefined) return;
  if (data !== undefined && problemOf(data) !== problem) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `forward: expected ${problem} labels, as the model is for that, got ${data} data; make the model with { problemType: "${problemOf(data)}" }`,
    );
  }
  if (labelNames === undefined || labelNames === labels || problem === "regression") return;
  if (labelNames.length === labels.length && labelNames.every((name, id) => name === labels[id])) return;
  throw new TorchwrightError(
    "ERR_LABEL_ORDER",
    `forward: expected class ids that count in the model's labels (${listLabels(labels)}), got a batch that counts in ` +
      `${listLabels(labelNames)}. Give the DataLoader { labels: model.labels }.`,
  );
}

/**
 * The model's class names: those asked for, checked against what the checkpoint's head was trained on.
 *
 * @param head classes of the checkpoint's head, undefined where it has none
 * @throws TorchwrightError ERR_LABEL_COUNT, ERR_INVALID_ARG
 */
export function chooseLabels(
  folder: string,
  wanted: readonly string[] | undefined,
  stored: readonly string[] | undefined,
  head: number | undefined,
  problem: ModelProblem,
): readonly string[] {
  if (wanted === undefined) {
    if (head === undefined) {
      if (problem === "regression") return ["LABEL_0"]; // Hugging Face's name for it
      throw new TorchwrightError(
        "ERR_LABEL_COUNT",
        `fromPretrained: ${folder} has no classification head, as it is not fine-tuned yet: train it, or give the names of the classes, { labels: [...] }`,
      );
    }
    if (stored && stored.length !== head) {
      throw new TorchwrightError(
        "ERR_LABEL_COUNT",
        `${folder}: config.json names ${stored.length} labels, the head has ${head} classes`,
      );
    }
    return checkLabels(
      stored ?? Array.from({ length: head }, (_, id) => `LABEL_${id}`),
      `fromPretrained, labels of ${folder}`,
      problem,
    );
  }
  const labels = checkLabels(wanted, "fromPretrained", problem);
  if (head !== undefined && head !== labels.length) {
    throw new TorchwrightError(
      "ERR_LABEL_COUNT",
      `fromPretrained: the head in ${folder} has ${head} classes, got ${labels.length} labels. ` +
        "Leave `labels` out to use the checkpoint's own, or start from a checkpoint without a head.",
    );
  }
  // The head's rows are in the checkpoint's order: the same names in another order would mislabel silently.
  const sameNames =
    head !== undefined && stored?.length === labels.length && stored.every((label) => labels.includes(label));
  return sameNames ? stored : labels;
}
