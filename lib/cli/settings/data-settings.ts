/** Which files are read, and how: settings that all commands over data share. */
import type { ProblemType } from "../../data/problem-type";
import type { SourceEncoding } from "../../data/sources/source-options";
import { NUMBER, SWITCH, textKind, textsKind, WHOLE } from "./kind";
import { choice, type Spec } from "./setting";

export const FORMATS = ["csv", "tsv", "json", "jsonl", "parquet", "folder"] as const;

/** How a file is written. */
export type Format = (typeof FORMATS)[number];

const ENCODINGS = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "latin1",
  "windows-1252",
] as const satisfies readonly SourceEncoding[];

/** What was said of how rows are read. */
export interface RowSettings {
  readonly text?: string;
  readonly textPair?: string;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly encoding?: SourceEncoding;
  readonly pattern?: string;
  readonly skipBadRows?: boolean;
}

/** What was said of labels; the problem is a setting of the Trainer. */
export interface LabelSettings {
  readonly label?: string;
  readonly labelSeparator?: string;
  readonly problemType?: ProblemType;
}

/** How rows are read. */
export const ROW_SETTINGS = {
  text: { kind: textKind("column"), description: "column of the texts", default: "text" },
  textPair: { kind: textKind("column"), description: "column of the second texts, where rows are pairs" },
  format: choice(FORMATS, "default: by the file's name; .gz and .zst are recognised"),
  delimiter: { kind: textKind("character"), description: 'what separates fields of CSV; default: ","' },
  encoding: choice(ENCODINGS, "of text files", { default: "utf-8" }),
  pattern: { kind: textKind("glob"), description: "of a folder: the texts in each class's folder", default: "*.txt" },
  skipBadRows: { kind: SWITCH, description: "leave malformed rows out and count them" },
} as const satisfies Readonly<Record<keyof RowSettings, Spec>>;

export const LABEL_SETTINGS = {
  label: { kind: textKind("column"), description: "column of the labels", default: "label" },
  labelSeparator: {
    kind: textKind("text"),
    description: "what separates several labels in one field; rows are then multi-label",
  },
} as const satisfies Readonly<Record<Exclude<keyof LabelSettings, "problemType">, Spec>>;

/** More data than one set. */
export const PART_SETTINGS = {
  validation: { kind: textsKind("file"), description: "data that is evaluated during training; repeatable" },
  test: { kind: textsKind("file"), description: "data that is evaluated at the end; repeatable" },
} as const satisfies Readonly<Record<string, Spec>>;

/** Parts of one set. */
export const SPLIT_SETTINGS = {
  validationSplit: {
    kind: NUMBER,
    description: "share or number of rows for validation; default: 0.1 where there is no other, 0 for none",
  },
  testSplit: { kind: NUMBER, description: "share or number of rows for the test" },
  stratify: {
    kind: SWITCH,
    description: "give every class its share of each part; default: where rows have one class each",
  },
  splitSeed: { kind: WHOLE, description: "of the split; default: seed" },
} as const satisfies Readonly<Record<string, Spec>>;
