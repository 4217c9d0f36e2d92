/** Looks whether a tokenizer's ids are ones that a model has word embeddings for. */
import { TorchwrightError } from "../errors";
import type { Tokenizer } from "../text/tokenizer";
import type { TextClassifier } from "./model";

/** @throws TorchwrightError ERR_TOKENIZER_INVALID where an id would lie outside of the model's word embeddings */
export function checkVocabulary(operation: string, tokenizer: Tokenizer, { vocabSize }: TextClassifier): void {
  if (vocabSize === undefined || !(tokenizer.vocabSize > vocabSize)) return;
  throw new TorchwrightError(
    "ERR_TOKENIZER_INVALID",
    `${operation}: expected a tokenizer whose ids stay below ${vocabSize}, the rows of the model's word embeddings, got ids up to ` +
      `${tokenizer.vocabSize - 1}: tokenizer and model belong to different checkpoints`,
  );
}
