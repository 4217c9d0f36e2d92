/** Looks at a loader before a model runs over it, so that a mistake shows now and not in an hour. */
import { DataLoader } from "../data/data-loader";
import { TextDataset } from "../data/text-dataset";
import { describe, TorchwrightError } from "../errors";
import { checkVocabulary } from "../models/check-vocabulary";
import { problemOf } from "../models/labels";
import type { TextClassifier } from "../models/model";

/**
 * The loader's dataset, which suits the model.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for what is no loader, a stream, or data without labels of the model's kind
 *   where they are needed; ERR_MAX_LENGTH for a loader whose rows may be longer than the model's position table;
 *   ERR_TOKENIZER_INVALID for a tokenizer with ids that the model has no embedding for
 */
export function checkLoader(
  operation: string,
  loader: DataLoader,
  model: TextClassifier,
  { labels }: { readonly labels: boolean },
): TextDataset {
  const invalid = (what: string): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${what}`);
  if (!(loader instanceof DataLoader)) throw invalid(`a DataLoader, got ${describe(loader)}`);
  const { dataset } = loader;
  if (!(dataset instanceof TextDataset)) {
    throw invalid(
      "a loader over a dataset in memory, whose steps can be counted, got one over a stream; write the loop by hand, or collect() the stream",
    );
  }
  if (labels && !dataset.labelled) {
    throw invalid("data with labels, got none; name the label column where the dataset is read");
  }
  const { problemType: problem = "single-label" } = model;
  const data = dataset.problemType;
  if (labels && data !== undefined && problemOf(data) !== problem) {
    throw invalid(
      `${problem} data, as the model is for that, got ${data} data; make the model with { problemType: "${problemOf(data)}" }`,
    );
  }
  checkVocabulary(operation, loader.tokenizer, model);
  if (loader.maxLength > model.maxLength) {
    throw new TorchwrightError(
      "ERR_MAX_LENGTH",
      `${operation}: expected a loader with maxLength of at most ${model.maxLength}, the rows of the model's position table, ` +
        `got ${loader.maxLength}; give the DataLoader { maxLength: ${model.maxLength} }`,
    );
  }
  return dataset;
}

/**
 * Batches of an epoch; where epochs differ, as with batches packed by tokens, those of the first. Throws
 * ERR_EMPTY_DATASET for none.
 */
export async function countBatches(loader: DataLoader): Promise<number> {
  const batches = (await loader.countBatches(0)) as number; // known, as the data is in memory
  if (batches > 0) return batches;
  throw new TorchwrightError(
    "ERR_EMPTY_DATASET",
    "fit: expected at least one batch, got none, as dropLast leaves out what is not full",
  );
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
