/** Looks at a loader before a model runs over it, so that a mistake shows now and not in an hour. */
import { DataLoader } from "../data/data-loader";
import { describe, TorchwrightError } from "../errors";
import { checkVocabulary } from "../models/check-vocabulary";
import type { TextClassifier } from "../models/model";

/**
 * @throws TorchwrightError ERR_INVALID_ARG for what is no loader, or data without labels where they are needed;
 *   ERR_MAX_LENGTH for a loader whose rows may be longer than the model's position table; ERR_TOKENIZER_INVALID for a
 *   tokenizer with ids that the model has no embedding for
 */
export function checkLoader(operation: string, loader: DataLoader, model: TextClassifier, { labels }: { readonly labels: boolean }): void {
  if (!(loader instanceof DataLoader)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a DataLoader, got ${describe(loader)}`);
  }
  if (labels && !loader.dataset.labelled) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected data with labels, got none; name the label column where the dataset is read`);
  }
  checkVocabulary(operation, loader.tokenizer, model);
  if (loader.maxLength > model.maxLength) {
    throw new TorchwrightError(
      "ERR_MAX_LENGTH",
      `${operation}: expected a loader with maxLength of at most ${model.maxLength}, the rows of the model's position table, ` +
        `got ${loader.maxLength}; give the DataLoader { maxLength: ${model.maxLength} }`,
    );
  }
}

/**
 * Meets the loader's first batch and no more: all rows' labels are looked up before it.
 * @throws TorchwrightError ERR_UNKNOWN_LABEL for a label that the model does not have
 */
export async function checkLabels(loader: DataLoader, model: TextClassifier): Promise<void> {
  const batches = loader.epoch(0, { labels: model.labels, device: "cpu" });
  await batches.next();
  await batches.return();
}
