/** Looks at data: the report of the library's `inspect`. */
import { writePage } from "../../train/report/write-page";
import { TorchwrightError } from "../../errors";
import { inspect, type InspectOptions } from "../../data/inspect/inspect";
import type { TextDataset } from "../../data/text-dataset";
import { AutoTokenizer } from "../../text/auto-tokenizer";
import { type Files, readTexts } from "../data/rows";
import { filesOf, type PartSettings } from "../data/train-parts";
import { hubOptions } from "../model/model-place";
import { printResult } from "../output/print";
import type { Settings } from "../settings/config-file";
import { UsageError } from "../usage-error";

interface LookSettings extends PartSettings {
  readonly tokenizer?: string;
  readonly maxLengths?: readonly number[];
  readonly nearDuplicates?: boolean;
  readonly threshold?: number;
  readonly examples?: number;
  readonly html?: string;
}

export async function inspectData(files: Files, given: Settings, json: boolean | undefined): Promise<void> {
  const settings: LookSettings = given;
  const { tokenizer, maxLengths, nearDuplicates = true, threshold, examples, html } = settings;
  if (maxLengths && tokenizer === undefined) {
    throw new UsageError("--max-lengths: expected --tokenizer with it, as lengths are in tokens, got none");
  }
  if (threshold !== undefined && !nearDuplicates) {
    throw new UsageError("--threshold: expected no --no-near-duplicates with it, got both");
  }
  const options: InspectOptions = {
    ...(tokenizer !== undefined && { tokenizer: await AutoTokenizer.fromPretrained(tokenizer, hubOptions(given)) }),
    ...(maxLengths && { maxLengths }),
    nearDuplicates: threshold === undefined ? nearDuplicates : { threshold },
    ...(examples !== undefined && { examples }),
  };
  const data = await read(files, settings);
  const more = { validation: filesOf(settings.validation), test: filesOf(settings.test) };
  const label = data.labelled ? { label: settings.label ?? "label" } : {};
  const others = await Promise.all(
    Object.entries(more).flatMap(([name, these]) =>
      these ? [readTexts(these, { ...settings, ...label }).then((part) => [name, part] as const)] : [],
    ),
  );
  const found = await inspect(others.length > 0 ? { train: data, ...Object.fromEntries(others) } : data, options);
  if (html !== undefined) await writePage(html, () => Promise.resolve(page(found.toHtml())));
  printResult(json, found, () => String(found));
}

/** Labels are taken where there are any, and asked for where they were named. */
async function read(files: Files, settings: LookSettings): Promise<TextDataset> {
  if (settings.label !== undefined) return readTexts(files, settings);
  try {
    return await readTexts(files, { ...settings, label: "label" });
  } catch (error) {
    if (!(error instanceof TorchwrightError) || error.code !== "ERR_COLUMN_MISSING") throw error;
    return readTexts(files, settings); // where it is not the labels that are missing, this says so
  }
}

function page(body: string): string {
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Inspection</title>\n<body>\n${body}\n</body>\n</html>\n`;
}
