/** The data of a run in its parts: from files of their own, or split off the training data. */
import type { SplitOptions, TextDataset } from "../../data/text-dataset";
import type { LabelSettings, RowSettings } from "../settings/data-settings";
import { UsageError } from "../usage-error";
import { type Files, readTexts } from "./rows";

export interface PartSettings extends RowSettings, LabelSettings {
  readonly validation?: string | readonly string[];
  readonly test?: string | readonly string[];
  readonly validationSplit?: number;
  readonly testSplit?: number;
  readonly stratify?: boolean;
  readonly splitSeed?: number;
}

export interface TrainParts {
  readonly train: TextDataset;
  readonly validation?: TextDataset;
  readonly test?: TextDataset;
}

/** Share of the rows that is held out where nobody says anything. */
const HELD_OUT = 0.1;

/** Shares of the training data that are held out. */
function heldOut({ validation, validationSplit, testSplit = 0 }: PartSettings): { validation: number; test: number } {
  return { validation: validationSplit ?? (filesOf(validation) ? 0 : HELD_OUT), test: testSplit };
}

/** Whether rows are split off the training data. */
export function splits(settings: PartSettings): boolean {
  const { validation, test } = heldOut(settings);
  return validation !== 0 || test !== 0;
}

/**
 * Reads and splits. Throws UsageError for a part that is asked for in two ways, and what reading and splitting throw.
 */
export async function readParts(files: Files, settings: PartSettings, seed: number): Promise<TrainParts> {
  const { validationSplit, testSplit = 0, splitSeed = seed } = settings;
  const given = { validation: filesOf(settings.validation), test: filesOf(settings.test) };
  if (given.validation && validationSplit) {
    throw new UsageError("--validation-split: expected no split with --validation, got both");
  }
  if (given.test && testSplit) throw new UsageError("--test-split: expected no split with --test, got both");
  const held = heldOut(settings);
  for (const [flag, share] of [
    ["--validation-split", held.validation],
    ["--test-split", held.test],
  ] as const) {
    if (share < 0 || (share >= 1 && !Number.isSafeInteger(share))) {
      throw new UsageError(`${flag}: expected a share from 0 to 1 or a number of rows, got ${share}`);
    }
  }
  const labelled = { ...settings, label: settings.label ?? "label" };
  const all = await readTexts(files, labelled);
  const split = splitOff(all, {
    ...held,
    stratify: settings.stratify ?? all.problemType === "single-label",
    seed: splitSeed,
  });
  const { labels, problemType } = split.train;
  const like = { ...labelled, ...(problemType !== undefined && { problemType }) };
  const validation = given.validation ? await readTexts(given.validation, like, labels) : split.validation;
  const test = given.test ? await readTexts(given.test, like, labels) : split.test;
  return { train: split.train, ...(validation && { validation }), ...(test && { test }) };
}

interface Shares {
  readonly validation: number;
  readonly test: number;
  readonly stratify: boolean;
  readonly seed: number;
}

function splitOff(all: TextDataset, { validation, test, stratify, seed }: Shares): TrainParts {
  const options: Pick<SplitOptions, "stratify" | "seed"> = { stratify, seed };
  if (test > 0 && validation > 0) return all.split({ ...options, test, validation });
  if (test > 0) return all.split({ ...options, test });
  if (validation === 0) return { train: all };
  const { train, test: heldOut } = all.split({ ...options, test: validation });
  return { train, validation: heldOut };
}

export function filesOf(given: string | readonly string[] | undefined): Files | undefined {
  const files = typeof given === "string" ? [given] : (given ?? []);
  const [first, ...others] = files;
  return first === undefined ? undefined : [first, ...others];
}
