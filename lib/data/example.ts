/** One row of a dataset, and what may be given for one. */
import type { TextInput } from "../text/tokenizer";

/** A text or pair of texts with, in labelled data, the name of its class. */
export interface Example {
  readonly text: TextInput;
  readonly label?: string;
}

/** What `TextDataset.from` takes as a row. Numbers and booleans as labels become their text. */
export type ExampleInput =
  | string
  | {
      readonly text: TextInput;
      readonly pair?: string | undefined;
      readonly label?: string | number | boolean | undefined;
    };
