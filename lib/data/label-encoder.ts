/** Labels of examples as numbers that a loss can use, by a label map. */
import { TorchwrightError } from "../errors";
import { TimeSlice } from "../text/time-slice";
import type { Example, Label } from "./example";
import { listLabels } from "./labels";
import { namesIn, type ProblemType } from "./problem-type";

/** The labels of a batch before they are a tensor. */
export interface EncodedLabels {
  /** Class ids (int64) for `single-label`, else float32. */
  readonly data: Int32Array | Float32Array;
  /** `[batch]`, or `[batch, classes]` for `multi-label` and `soft-label`. */
  readonly shape: readonly number[];
}

/** Turns labels into numbers by their names' positions in a label map. */
export class LabelEncoder {
  readonly #ids: ReadonlyMap<string, number>;

  constructor(
    readonly problemType: ProblemType,
    readonly names: readonly string[],
  ) {
    this.#ids = new Map(names.map((name, id) => [name, id]));
  }

  /**
   * The labels of a batch's examples. `place` says where the example at an index came from.
   * @throws TorchwrightError ERR_UNKNOWN_LABEL
   */
  encode(examples: readonly Example[], place: (index: number) => string): EncodedLabels {
    const rows = examples.length;
    const classes = this.names.length;
    switch (this.problemType) {
      case "single-label":
        return {
          data: Int32Array.from(examples, ({ label }, i) => this.#id(label as string, i, place)),
          shape: [rows],
        };
      case "regression":
        return { data: Float32Array.from(examples, ({ label }) => label as number), shape: [rows] };
      case "multi-label":
      case "soft-label": {
        const data = new Float32Array(rows * classes);
        examples.forEach(({ label }, i) => {
          for (const [name, weight] of weights(label as Label)) data[i * classes + this.#id(name, i, place)] = weight;
        });
        return { data, shape: [rows, classes] };
      }
    }
  }

  /**
   * Looks every label up, so that an unknown one shows before the first step and not in the last. Throws
   * ERR_UNKNOWN_LABEL.
   */
  async check(examples: Iterable<Example>, place: (index: number) => string): Promise<void> {
    const slice = new TimeSlice();
    let index = 0;
    for (const { label } of examples) {
      for (const name of namesIn(label)) this.#id(name, index, place);
      index++;
      if (slice.over()) await slice.next();
    }
  }

  #id(name: string, index: number, place: (index: number) => string): number {
    const id = this.#ids.get(name);
    if (id !== undefined) return id;
    throw new TorchwrightError(
      "ERR_UNKNOWN_LABEL",
      `DataLoader: expected a label of the training data, got ${JSON.stringify(name)} ` +
        `in ${place(index)}; known are ${listLabels(this.names) || "none"}`,
    );
  }
}

function weights(label: Label): readonly (readonly [string, number])[] {
  if (Array.isArray(label)) return (label as readonly string[]).map((name) => [name, 1]);
  return Object.entries(label as Readonly<Record<string, number>>);
}
