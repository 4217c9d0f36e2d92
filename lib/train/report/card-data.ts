/** What a model card is made of, and what one may say of a model that a run does not know. */
import { type OptionCheck, readOptions } from "../../metrics/metric-options";
import type { ModelProblem } from "../../models/model";
import type { Outcome, TrainingRecord } from "../run-folder";
import type { DataPart, Versions } from "./report-data";

/** What a model card says beside what the run knows, by the names of Hugging Face's `ModelCardData`. */
export interface ModelCardOptions {
  /** As the Hub names it: `"apache-2.0"`. Default: none is named. */
  readonly license?: string;
  /** ISO 639 codes: `"en"`, or several. Default: none is named. */
  readonly language?: string | readonly string[];
  /** Names of the Hub's datasets that it was trained on. Default: none is named. */
  readonly datasets?: string | readonly string[];
  /**
   * Name of the Hub's model that was fine-tuned: `"google-bert/bert-base-uncased"`. Default: none is named, as a folder
   * does not know where it is from.
   */
  readonly baseModel?: string;
  /** Tags beside `torchwright` and `generated_from_trainer`. Default: none. */
  readonly tags?: readonly string[];
  /** Default: the folder's name. */
  readonly modelName?: string;
}

/** How a saved folder is opened: as any of Hugging Face's, as a TorchScript archive, or into a module of one's own. */
export type CardFormat = "transformers" | "torchscript" | "module";

export interface CardData {
  readonly name: string;
  readonly options: ModelCardOptions;
  /** Absent for a model of another kind. */
  readonly format?: CardFormat | undefined;
  readonly problem: ModelProblem;
  /** Names of the classes by class id; of a regression the name of its target. */
  readonly labels: readonly string[];
  /** Absent without a `fit`. */
  readonly record?: TrainingRecord;
  /** Absent without a `fit`, and where it failed. */
  readonly run?: Outcome & { readonly log: readonly { readonly step: number; readonly loss: number }[] };
  /** The run's evaluation of the weights that are saved, as near as there is one. */
  readonly evaluation?: { readonly step: number; readonly metrics: Readonly<Record<string, number>> };
  readonly training?: DataPart;
  readonly heldOut?: DataPart;
  readonly versions: Versions;
}

const name: OptionCheck = [
  "a name of the Hub, as owner/name",
  (value) => typeof value === "string" && /^[\w.-]+(?:\/[\w.-]+)?$/.test(value),
];
const text: OptionCheck = ["a text", (value) => typeof value === "string" && value !== ""];
const texts: OptionCheck = ["an array of texts", (value) => isTexts(value)];
const oneOrMore: OptionCheck = ["a text or an array of texts", (value) => text[1](value) || isTexts(value)];

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && Array.from(value as unknown[]).every(text[1]);
}

/** @throws TorchwrightError ERR_INVALID_ARG */
export function checkCardOptions(options: ModelCardOptions): ModelCardOptions {
  const none = {
    license: undefined,
    language: undefined,
    datasets: undefined,
    baseModel: undefined,
    tags: undefined,
    modelName: undefined,
  };
  const checks = {
    license: text,
    language: oneOrMore,
    datasets: oneOrMore,
    baseModel: name,
    tags: texts,
    modelName: text,
  };
  return readOptions<object>("save: card", options, none, checks);
}

/** One text or several as several; none where there is none. */
export function listOf(given: string | readonly string[] | undefined): readonly string[] {
  if (given === undefined) return [];
  return typeof given === "string" ? [given] : given;
}
