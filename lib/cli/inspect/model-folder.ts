/**
 * Looks at a model folder without opening the model: its config, labels, weights, tokenizer, checksums and calibration.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { Section } from "../../data/inspect/layout";
import { plural } from "../../data/inspect/numbers";
import { TorchwrightError } from "../../errors";
import { checkBertConfig, readConfig } from "../../models/bert-config";
import { type Calibration, readCalibration } from "../../models/calibration";
import { listTensors } from "../../models/checkpoint";
import { labelsOf } from "../../models/labels";
import { listedInManifest, verifyManifest } from "../../models/manifest";
import { agreedProblem } from "../../models/problem";
import { formatBytes } from "../../native/out-of-memory";
import { AutoTokenizer } from "../../text/auto-tokenizer";
import { pairs } from "../output/print";
import type { Findings } from "./findings";

/** Of a BERT, what shapes it. */
const SHAPE = [
  "num_hidden_layers",
  "hidden_size",
  "num_attention_heads",
  "intermediate_size",
  "vocab_size",
  "max_position_embeddings",
  "hidden_act",
] as const;

/** Labels that are listed. */
const LABELS = 50;

/**
 * `name` is what it was asked for by. Throws ERR_CONFIG_INVALID, ERR_PICKLE_WEIGHTS, ERR_SAFETENSORS_INVALID,
 * ERR_FILE_NOT_FOUND.
 */
export async function inspectModel(folder: string, name = folder): Promise<Findings> {
  const config = await readConfig(folder);
  const damage = await damageOf(folder);
  const isScript = config["model_type"] === "torchscript";
  if (!isScript) checkBertConfig(config, path.join(folder, "config.json"));
  const weights = isScript ? { bytes: (await stat(path.join(folder, "model.pt"))).size } : await weightsOf(folder);
  const value: ModelValue = {
    kind: "model",
    folder,
    type: config["model_type"],
    problemType: agreedProblem(folder, undefined, config),
    labels: labelsOf(config, folder),
    weights,
    tokenizer: await tokenizerOf(folder),
    calibration: await readCalibration(folder),
    manifest: damage === undefined ? { ok: true, files: await listedInManifest(folder) } : { ok: false, damage },
    config,
  };
  return {
    heading: `Model in ${name}`,
    value,
    sections: modelSections(value),
    ...(damage !== undefined && { damage }),
  };
}

interface ModelValue {
  readonly kind: "model";
  readonly folder: string;
  readonly type: unknown;
  readonly problemType: string;
  readonly labels: readonly string[] | undefined;
  readonly weights: Weights | { readonly bytes: number };
  readonly tokenizer: OpenedTokenizer | { readonly problem: string };
  readonly calibration: Calibration | undefined;
  readonly manifest: { readonly ok: boolean; readonly files?: readonly string[]; readonly damage?: string };
  readonly config: Readonly<Record<string, unknown>>;
}

interface OpenedTokenizer {
  readonly vocabulary: number;
  readonly maxLength: number;
}

/** The same as tables. */
function modelSections({
  type,
  problemType,
  labels = [],
  weights,
  tokenizer,
  calibration,
  manifest,
  config,
}: ModelValue): Section[] {
  const whole = "parameters" in weights ? weights : undefined;
  const shown = labels.slice(0, LABELS);
  const checksums = !manifest.ok
    ? "do not fit"
    : manifest.files?.length
      ? `${plural(manifest.files.length, "file")}, all as saved`
      : "none: not saved by this library";
  return [
    pairs("Model", [
      ["type", type],
      ["decides", problemType],
      ["parameters", whole?.parameters.toLocaleString("en")],
      ["weights", `${formatBytes(weights.bytes)}${whole ? `, ${whole.dtypes.join(", ")}` : ""}`],
      ["classification head", whole && (whole.head ? "yes" : "none: a new one is made for training")],
      ...SHAPE.map((key) => [key, config[key]] as const),
      ["checksums", checksums],
    ]),
    pairs(`Labels (${labels.length})`, [
      ...shown.map((label, id) => [String(id), label] as const),
      ...(labels.length > shown.length ? [["…", `${labels.length - shown.length} more`] as const] : []),
    ]),
    pairs(
      "Tokenizer",
      "problem" in tokenizer
        ? [["cannot be opened", tokenizer.problem]]
        : [
            ["vocabulary", tokenizer.vocabulary],
            ["longest text", `${tokenizer.maxLength} tokens`],
          ],
    ),
    pairs("Calibration", [
      ["temperature", calibration?.temperature],
      ["abstains below", calibration?.abstention?.threshold],
    ]),
  ].filter(({ blocks }) => blocks.length > 0);
}

interface Weights {
  readonly parameters: number;
  readonly bytes: number;
  readonly tensors: number;
  readonly dtypes: readonly string[];
  readonly head: boolean;
}

/** By the files' headers alone. */
async function weightsOf(folder: string): Promise<Weights> {
  const tensors = [...(await listTensors(folder)).entries()];
  const files = [...new Set(tensors.map(([, { file }]) => file))];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return {
    parameters: tensors.reduce(
      (sum, [, { entry }]) => sum + entry.shape.reduce((product, size) => product * size, 1),
      0,
    ),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    tensors: tensors.length,
    dtypes: [...new Set(tensors.map(([, { entry }]) => entry.dtype))].sort(),
    head: tensors.some(([name]) => name === "classifier.weight"),
  };
}

/** A folder without a tokenizer is told of, and still looked at. */
async function tokenizerOf(folder: string): Promise<OpenedTokenizer | { readonly problem: string }> {
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    return { vocabulary: tokenizer.vocabSize, maxLength: tokenizer.maxLength };
  } catch (error) {
    if (error instanceof TorchwrightError) return { problem: error.message };
    throw error;
  }
}

/** What the manifest says against the folder. */
async function damageOf(folder: string): Promise<string | undefined> {
  try {
    await verifyManifest(folder);
    return undefined;
  } catch (error) {
    if (error instanceof TorchwrightError && error.code === "ERR_CHECKSUM") return `${error.message} [${error.code}]`;
    throw error;
  }
}
