/** One run of `predict`: items in, lines out, as fast as whoever reads them. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TorchwrightError } from "../../errors";
import type { Calibration } from "../../models/calibration";
import { readCalibration } from "../../models/calibration";
import type { ModelProblem } from "../../models/model";
import { Classifier } from "../../predict/classifier";
import {
  type ClassifierOptions,
  type PredictOptions,
  resolveBatchOptions,
  resolveStreamOptions,
} from "../../predict/options";
import type { Prediction } from "../../predict/prediction";
import type { TextInput } from "../../text/tokenizer";
import { filesOf } from "../data/train-parts";
import { checkDevice } from "../model/check-device";
import { placeOf } from "../model/model-place";
import { savedProblem } from "../model/saved-problem";
import { say } from "../output/print";
import type { Settings } from "../settings/config-file";
import { CLASSIFIER_SETTINGS } from "../settings/loader-settings";
import { pick } from "../settings/pick";
import { kebab } from "../settings/setting";
import { asUsage, UsageError } from "../usage-error";
import { type Item, itemsOfFiles, itemsOfStream, itemsOfTexts } from "./items";

export interface PredictionCall {
  readonly model: string;
  readonly texts: readonly string[];
  readonly settings: Settings;
}

export async function runPrediction({ model: given, texts, settings }: PredictionCall): Promise<void> {
  const items = itemsOf(texts, settings);
  const { topK, threshold, prefetch, device, abstainBelow, ...batches } = pick(
    settings,
    CLASSIFIER_SETTINGS,
  ) as ClassifierSettings;
  checkDevice(device);
  const { model: folder } = await placeOf("predict", given, settings);
  const problemType = await savedProblem(folder);
  const asked = Object.fromEntries(
    Object.entries({ topK, threshold, prefetch }).filter(([, value]) => value !== undefined),
  ) as PredictOptions;
  asUsage(() => [resolveBatchOptions(batches), resolveStreamOptions(asked, problemType)]);
  const calibration =
    abstainBelow === undefined ? undefined : withThreshold(await readCalibration(folder), abstainBelow);
  using classifier = await Classifier.load<ModelProblem>(folder, {
    ...batches,
    problemType,
    ...(device !== undefined && { device }),
    ...(calibration && { calibration }),
  });
  await write(linesOut(classifier, items, asked, settings["as"] as string | undefined));
}

interface ClassifierSettings extends PredictOptions, ClassifierOptions {
  readonly prefetch?: number;
  readonly device?: string;
  readonly abstainBelow?: number;
}

function itemsOf(texts: readonly string[], settings: Settings): AsyncGenerator<Item, void, void> {
  const files = filesOf(settings["file"] as string | string[] | undefined);
  if (files && texts.length > 0) throw new UsageError("predict: expected texts or --file, got both");
  if (files) return itemsOfFiles(files, settings);
  if (texts.length > 0) {
    refuse(settings, ["text", "textPair", "skipBadRows", ...OF_FILES], "with texts as arguments");
    return itemsOfTexts(texts);
  }
  refuse(settings, OF_FILES, "with standard input, which is lines of UTF-8");
  if (settings["text"] === undefined) {
    refuse(settings, ["textPair", "skipBadRows"], "without --text, which says that standard input is JSON Lines");
  }
  if (process.stdin.isTTY) say("reading texts, one a line; Ctrl-D ends");
  return itemsOfStream(process.stdin, settings);
}

/** Settings of how files are read. */
const OF_FILES = ["format", "delimiter", "encoding", "pattern"] as const;

function refuse(settings: Settings, names: readonly string[], where: string): void {
  const given = names.find((name) => settings[name] !== undefined);
  if (given !== undefined) throw new UsageError(`--${kebab(given)}: expected none ${where}`);
}

/** The model's temperature stays. */
function withThreshold(stored: Calibration | undefined, threshold: number): Calibration {
  return { ...stored, temperature: stored?.temperature ?? 1, abstention: { threshold } };
}

/**
 * Rows that are read ahead wait here for their predictions, as many as the classifier asks for. Throws ERR_INVALID_ARG
 * for a row that has a column of the prediction's name, which would be lost.
 */
async function* linesOut(
  classifier: Classifier<ModelProblem>,
  items: AsyncGenerator<Item, void, void>,
  options: PredictOptions,
  name = "prediction",
): AsyncGenerator<string, void, void> {
  const waiting: Item["row"][] = [];
  async function* inputs(): AsyncGenerator<TextInput, void, void> {
    for await (const { input, row } of items) {
      if (Object.hasOwn(row, name)) {
        throw new TorchwrightError(
          "ERR_INVALID_ARG",
          `predict: expected rows without a column ${JSON.stringify(name)}, which names what is predicted; give that another name with --as`,
        );
      }
      waiting.push(row);
      yield input;
    }
  }
  for await (const prediction of classifier.stream(inputs(), options)) {
    yield `${JSON.stringify({ ...waiting.shift(), [name]: told(prediction, options.topK) }, jsonValue)}\n`;
  }
}

/** The one most probable label is there already: a list of it is for whoever asks for several. */
function told(prediction: Prediction<ModelProblem>, topK: number | undefined): object {
  if (topK !== undefined || !("label" in prediction)) return prediction;
  const { top: _, ...rest } = prediction;
  return rest;
}

/** Integers that JavaScript's numbers do not hold are text, bytes their base64. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "bigint" ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;
}

/** Waits for a slow reader, so that memory stays flat; one that has closed the pipe has what it wanted. */
async function write(lines: AsyncGenerator<string, void, void>): Promise<void> {
  try {
    await pipeline(Readable.from(lines, { objectMode: true, highWaterMark: 1 }), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
