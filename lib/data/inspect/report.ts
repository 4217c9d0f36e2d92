/** What an inspection finds, as data: plain values that JSON can hold. */
import type { Label } from "../example";

/** Rows or, for soft labels, probability mass of one class. */
export interface ClassShare {
  /** The class. */
  readonly name: string;
  /** Rows that have the class; for soft labels the sum of its probabilities. */
  readonly count: number;
  /** Of the labelled rows, 0 to 1. With several labels to a row the shares may sum to more than 1. */
  readonly share: number;
}

/** What the labels of a split are like. `unlabelled` counts rows without one. */
export type LabelReport =
  | {
      /** What labels are. */
      readonly kind: "single-label" | "multi-label" | "soft-label";
      /** In the order of the label map. Classes that only other splits have are there with 0. */
      readonly classes: readonly ClassShare[];
      /** Rows without a label. */
      readonly unlabelled: number;
    }
  | {
      /** What labels are. */
      readonly kind: "regression";
      /** The lowest number. */
      readonly min: number;
      /** The mean of the numbers. */
      readonly mean: number;
      /** The highest number. */
      readonly max: number;
      /** Rows without a label. */
      readonly unlabelled: number;
    };

/** Rows whose length is in a range. */
export interface Bin {
  /** The least value in the bin. */
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** Rows in the bin. */
  readonly rows: number;
}

/** How lengths are spread. */
export interface Distribution {
  /** The least value. */
  readonly min: number;
  /** The greatest value. */
  readonly max: number;
  /** The mean. */
  readonly mean: number;
  /** By linear interpolation between the two nearest rows, numpy's default. */
  readonly percentiles: Readonly<Record<"p5" | "p25" | "p50" | "p75" | "p90" | "p95" | "p99", number>>;
  /** Ranges of one width up to the 99th percentile, then one for all that is longer. */
  readonly histogram: readonly Bin[];
}

/** Rows that are longer than a limit, and so would lose tokens. */
export interface TruncationCount {
  /** The length in tokens that is asked about. */
  readonly maxLength: number;
  /** Rows that are longer, and would be cut. */
  readonly rows: number;
  /** The same as a share of all rows, from 0 to 1. */
  readonly share: number;
}

/** How long texts are. */
export interface LengthReport {
  /** Code points; of a pair both texts'. */
  readonly characters: Distribution;
  /** Runs of characters that are not whitespace; of a pair both texts'. */
  readonly words: Distribution;
  /** Tokens of the whole text, special ones included; null without a tokenizer. */
  readonly tokens: Distribution | null;
  /** Empty without a tokenizer. */
  readonly truncated: readonly TruncationCount[];
}

/** One split; a dataset that is not split is one by the name of `data`. */
export interface SplitReport {
  /** The split's name. */
  readonly name: string;
  /** Rows of the split. */
  readonly rows: number;
  /** Null where no row has a label. */
  readonly labels: LabelReport | null;
  /** How long its texts are. */
  readonly lengths: LengthReport;
}

/** Where a row is. */
export interface RowReference {
  /** Name of the split. */
  readonly split: string;
  /** Number of the row in its split, from 0. */
  readonly row: number;
  /** As the dataset names it: `tickets.csv, line 17`. */
  readonly place: string;
  /** Its label; null where it has none. */
  readonly label: Label | null;
}

export interface RowExample extends RowReference {
  /** The text, or the part of it that matters; `…` where something is left out. */
  readonly excerpt: string;
}

/** Rows that something is the matter with. */
export interface Finding {
  /** How many rows it concerns. */
  readonly rows: number;
  /** The first of them. */
  readonly examples: readonly RowExample[];
}

/** Rows that belong together; `rows` is how many, `examples` the first of them. */
export interface GroupExample {
  /** Rows in the group. */
  readonly rows: number;
  /** The first of them. */
  readonly examples: readonly RowExample[];
}

/** Texts that come more than once. */
export interface DuplicateReport {
  /** Sets of rows with the same text (for near-duplicates: of different, similar texts). */
  readonly groups: number;
  /**
   * Rows that de-duplication would drop: of each group all but the first. For near-duplicates, texts that it would
   * drop.
   */
  readonly repeats: number;
  /** The same within each split alone. */
  readonly within: readonly {
    /** Name of the split. */
    readonly split: string;
    /** Different texts that come more than once. */
    readonly groups: number;
    /** Rows beyond the first of each group. */
    readonly repeats: number;
  }[];
  /** For every two splits, the rows of either whose text the other has too: leakage. */
  readonly across: readonly {
    /** The two splits. */
    readonly splits: readonly [string, string];
    /** Rows of each that have their like in the other. */
    readonly rows: readonly [number, number];
  }[];
  /** The first groups. */
  readonly examples: readonly GroupExample[];
}

/** Texts that are nearly the same. */
export interface NearDuplicateReport extends DuplicateReport {
  /** Least similarity of two texts that are called near-duplicates. */
  readonly threshold: number;
  /** Groups whose labels differ. */
  readonly conflicting: number;
}

/** Rows of one text with different labels. */
export interface ContradictionReport {
  /** Texts that have more than one label. */
  readonly groups: number;
  /** Rows with such a text. */
  readonly rows: number;
  /** The first groups. */
  readonly examples: readonly GroupExample[];
}

/**
 * What can have happened to a text before it came here:
 *
 * - `mojibake`: UTF-8 that was read as Windows-1252 or Latin-1, "cafÃ©" for "café"
 * - `replacement-character`: U+FFFD, which decoders put for bytes that they could not read
 * - `lone-surrogate`: half of a UTF-16 pair, as of a text that was cut in the middle of an emoji
 * - `control-character`: NUL and other control characters, but for tab and line ends
 * - `byte-order-mark`: U+FEFF
 * - `html-entity`: `&amp;` and its like
 */
export type DamageKind =
  "mojibake" | "replacement-character" | "lone-surrogate" | "control-character" | "byte-order-mark" | "html-entity";

/** What `inspect` found. */
export interface InspectionReport {
  /** Of all splits. */
  readonly rows: number;
  /** Each split: classes, lengths, truncation. */
  readonly splits: readonly SplitReport[];
  /** Texts that are the same to the character, a pair's both. */
  readonly duplicates: DuplicateReport;
  /** Null where it was not asked for. */
  readonly nearDuplicates: NearDuplicateReport | null;
  /** Equal texts with different labels. */
  readonly contradictions: ContradictionReport;
  /** Texts, or texts of a pair, without a visible character. */
  readonly empty: Finding;
  /** Kinds that were found; none is good. */
  readonly damage: readonly (Finding & {
    /** What the damage looks like. */
    readonly kind: DamageKind;
  })[];
  /** What should be looked at before training, the gravest first, in sentences. */
  readonly warnings: readonly string[];
}
