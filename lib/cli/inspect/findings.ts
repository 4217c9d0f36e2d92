/** What was found in a folder or file of a model. */
import type { Section } from "../../data/inspect/layout";

export interface Findings {
  readonly heading: string;
  /** As data. */
  readonly value: object;
  readonly sections: readonly Section[];
  /** Why it should not be used; absent where nothing is wrong. */
  readonly damage?: string;
}
