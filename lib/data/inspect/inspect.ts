/** Looks at data before it is trained on. */
import { describe, TorchwrightError } from "../../errors";
import type { Tokenizer } from "../../text/tokenizer";
import { Breather } from "../duplicates/breather";
import { checkNearOptions, type NearDuplicateOptions } from "../duplicates/near-duplicates";
import { contradictionReport, duplicateReport, nearDuplicateReport, rowsByText } from "./duplicates";
import { findings } from "./findings";
import { type InspectionInput, Rows } from "./inspectable";
import { Inspection } from "./inspection";
import { labelReports } from "./labels";
import { lengthReport, measure } from "./lengths";
import type { SplitReport } from "./report";
import { warningsOf } from "./warnings";

/** What `inspect` measures beside what needs no options. */
export interface InspectOptions {
  /** Counts lengths in tokens. Default: none; lengths are in words and characters. */
  readonly tokenizer?: Tokenizer;
  /**
   * Lengths in tokens for which to say how many rows would be cut. Default: those of 64, 128, 256 and 512 that are
   * below the tokenizer's `maxLength`, and that.
   */
  readonly maxLengths?: readonly number[];
  /** Whether to look for near-duplicates, and how. Default: true, at a threshold of 0.8. */
  readonly nearDuplicates?: boolean | NearDuplicateOptions;
  /** Examples of each finding, at most. Default: 5. */
  readonly examples?: number;
}

const DEFAULTS = { maxLengths: [64, 128, 256, 512], nearDuplicates: true, examples: 5 } as const;

/**
 * What a dataset, or its splits, are like: balance of classes, lengths and how many rows would be cut, duplicates
 * within and across splits, texts with contradictory labels, empty and damaged texts.
 *
 * The data is read once, row by row; the event loop is let run every few milliseconds. Some 100,000 short texts take
 * about ten seconds with near-duplicates, about two without.
 *
 * @param data a dataset, or datasets by the names of their splits, as `split` gives them
 * @param options or the tokenizer alone
 * @throws TorchwrightError ERR_INVALID_ARG, ERR_EMPTY_DATASET, and what the tokenizer throws
 * @example
 * ```ts
 * import { inspect, TextDataset } from "torchwright";
 * const train = TextDataset.from([
 *   { text: "the printer is on fire", label: "hardware" },
 *   { text: "I forgot my password", label: "accounts" },
 * ]);
 * const test = TextDataset.from([{ text: "I forgot my password", label: "accounts" }]);
 * const inspection = await inspect({ train, test });
 * console.log(inspection.duplicates.across); // [{ splits: ["train", "test"], rows: [1, 1] }]
 * console.log(String(inspection)); // tables for a terminal
 * ```
 */
export async function inspect(data: InspectionInput, options: InspectOptions | Tokenizer = {}): Promise<Inspection> {
  const { tokenizer, maxLengths, near, examples } = checkOptions(options);
  const breather = new Breather();
  const rows = await Rows.read(data, breather);
  const labels = await labelReports(rows, breather);
  const lengths = await measure(rows, tokenizer, breather);
  const splits: SplitReport[] = [];
  for (const [at, split] of rows.splits.entries()) {
    const report = await lengthReport(lengths, split, maxLengths, breather);
    splits.push({ name: split.name, rows: split.end - split.start, labels: labels[at] ?? null, lengths: report });
  }
  const texts = await rowsByText(rows, breather);
  const found = {
    rows: rows.length,
    splits,
    duplicates: await duplicateReport(rows, texts, examples, breather),
    nearDuplicates: near ? await nearDuplicateReport(rows, texts, near, examples, breather) : null,
    contradictions: await contradictionReport(rows, texts, examples, breather),
    ...(await findings(rows, examples, breather)),
  };
  return new Inspection({ ...found, warnings: warningsOf(found) });
}

interface Checked {
  readonly tokenizer: Tokenizer | undefined;
  readonly maxLengths: readonly number[];
  readonly near: NearDuplicateOptions | undefined;
  readonly examples: number;
}

function checkOptions(given: InspectOptions | Tokenizer): Checked {
  if (typeof given !== "object" || given === null) throw invalid("options or a tokenizer", given);
  const options: InspectOptions = isTokenizer(given) ? { tokenizer: given } : given;
  const { tokenizer, nearDuplicates = DEFAULTS.nearDuplicates, examples = DEFAULTS.examples } = options;
  if (tokenizer !== undefined && !isTokenizer(tokenizer)) {
    throw invalid("tokenizer to be one that AutoTokenizer opened", tokenizer);
  }
  if (!Number.isSafeInteger(examples) || examples < 0) throw invalid("examples to be a whole number from 0", examples);
  if (typeof nearDuplicates !== "boolean" && (typeof nearDuplicates !== "object" || nearDuplicates === null)) {
    throw invalid("nearDuplicates to be true, false or options", nearDuplicates);
  }
  const near =
    nearDuplicates === true ? {} : nearDuplicates === false ? undefined : checkNearOptions("inspect", nearDuplicates);
  return { tokenizer, maxLengths: checkMaxLengths(options.maxLengths, tokenizer), near, examples };
}

function checkMaxLengths(given: readonly number[] | undefined, tokenizer: Tokenizer | undefined): number[] {
  if (given === undefined) {
    return tokenizer
      ? [...DEFAULTS.maxLengths.filter((length) => length < tokenizer.maxLength), tokenizer.maxLength]
      : [];
  }
  const lengths: unknown = given;
  if (!Array.isArray(lengths)) throw invalid("maxLengths to be an array of lengths in tokens", lengths);
  if (tokenizer === undefined) throw invalid("a tokenizer with maxLengths, which are in tokens", undefined);
  const wrong = lengths.findIndex((length) => !Number.isSafeInteger(length) || (length as number) < 1);
  if (wrong >= 0) throw invalid("maxLengths to be whole numbers of at least 1", lengths[wrong]);
  return [...new Set(lengths as number[])].sort((a, b) => a - b);
}

function isTokenizer(value: unknown): value is Tokenizer {
  return typeof (Object(value) as Partial<Tokenizer>).encodeBatch === "function";
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `inspect: expected ${expected}, got ${describe(got)}`);
}
