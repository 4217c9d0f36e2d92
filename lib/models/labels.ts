/** Names of classes: checked, read from a configuration, fitted to a checkpoint's head. */
import { listLabels } from "../data/labels";
import { describe, TorchwrightError } from "../errors";
import { invalidConfig } from "./bert-config";

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

/** @throws TorchwrightError ERR_INVALID_ARG unless `labels` are at least two different names */
export function checkLabels(labels: unknown, operation: string): readonly string[] {
  if (!Array.isArray(labels) || labels.length < 2 || labels.some((label) => typeof label !== "string")) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected at least two label names, got ${describe(labels)}`);
  }
  const names = labels as string[];
  const twice = names.find((label, index) => names.indexOf(label) !== index);
  if (twice !== undefined) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected different label names, got ${describe(twice)} twice`);
  }
  return [...names];
}

/**
 * Looks at a batch before its class ids are taken for the model's: the same names in another order would train the
 * model on swapped labels, and nothing would show it.
 *
 * @throws TorchwrightError ERR_LABEL_ORDER
 */
export function checkBatchLabels(labels: readonly string[], { labels: ids, labelNames }: { readonly labels?: unknown; readonly labelNames?: readonly string[] }): void {
  if (ids === undefined || labelNames === undefined || labelNames === labels) return;
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
): readonly string[] {
  if (wanted === undefined) {
    if (head === undefined) {
      throw new TorchwrightError(
        "ERR_LABEL_COUNT",
        `fromPretrained: ${folder} has no classification head; expected { labels: [...] }, the names of the classes`,
      );
    }
    if (stored && stored.length !== head) {
      throw new TorchwrightError("ERR_LABEL_COUNT", `${folder}: config.json names ${stored.length} labels, the head has ${head} classes`);
    }
    return stored ?? Array.from({ length: head }, (_, id) => `LABEL_${id}`);
  }
  const labels = checkLabels(wanted, "fromPretrained");
  if (head !== undefined && head !== labels.length) {
    throw new TorchwrightError(
      "ERR_LABEL_COUNT",
      `fromPretrained: the head in ${folder} has ${head} classes, got ${labels.length} labels. ` +
        "Leave `labels` out to use the checkpoint's own, or start from a checkpoint without a head.",
    );
  }
  // The head's rows are in the checkpoint's order: the same names in another order would mislabel silently.
  const sameNames = head !== undefined && stored?.length === labels.length && stored.every((label) => labels.includes(label));
  return sameNames ? stored : labels;
}
