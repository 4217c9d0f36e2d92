/** One row of a dataset, and what may be given for one. */
import type { TextInput } from "../text/tokenizer";

/**
 * What is known about a text, as the dataset's `problemType` says: the name of its class, the names of all its
 * labels, a number to be predicted, or a probability for each class by name.
 */
export type Label = string | readonly string[] | number | Readonly<Record<string, number>>;

/** A text or pair of texts with, in labelled data, its label. */
export interface Example {
  /** A text, or a pair of texts. */
  readonly text: TextInput;
  /** Its label, in one form for all rows of a dataset; absent where there is none. */
  readonly label?: Label;
}

/** What `TextDataset.from` takes as a row. As names of classes, numbers and booleans become their text. */
export type ExampleInput =
  | string
  | {
      /** A text, or a pair of texts. */
      readonly text: TextInput;
      /** The second text of a pair, where it stands in a column of its own. */
      readonly pair?: string | undefined;
      /** A class, several, shares of classes, or a number. */
      readonly label?: Label | boolean | undefined;
    };
