/** The weights of a Hugging Face model folder: which files, which names. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import type { SafetensorsEntry } from "../native/requests";
import { readHeader } from "./safetensors";

/** One tensor of a checkpoint and the file it lies in. */
export interface StoredTensor {
  readonly file: string;
  readonly entry: SafetensorsEntry;
}

/**
 * Every tensor of a folder by the name that it has in the file.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_PICKLE_WEIGHTS, ERR_SAFETENSORS_INVALID
 */
export async function listTensors(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  for (const file of await weightFiles(folder)) {
    for (const entry of await readHeader(file)) {
      if (tensors.has(entry.name)) {
        throw new TorchwrightError("ERR_SAFETENSORS_INVALID", `${file}: "${entry.name}" stands in another shard too`);
      }
      tensors.set(entry.name, { file, entry });
    }
  }
  return tensors;
}

async function weightFiles(folder: string): Promise<readonly string[]> {
  const single = path.join(folder, "model.safetensors");
  if (existsSync(single)) return [single];
  const index = path.join(folder, "model.safetensors.index.json");
  if (existsSync(index)) return await shards(folder, index);
  if (
    existsSync(path.join(folder, "pytorch_model.bin")) ||
    existsSync(path.join(folder, "pytorch_model.bin.index.json"))
  ) {
    throw new TorchwrightError(
      "ERR_PICKLE_WEIGHTS",
      `fromPretrained: ${folder} has only pytorch_model.bin, a pickle, which may be code. Convert it once in Python:\n${conversion(folder)}`,
    );
  }
  throw new TorchwrightError(
    "ERR_FILE_NOT_FOUND",
    `fromPretrained: expected model.safetensors in ${folder}, found none`,
  );
}

/**
 * A Python program that writes a folder's pickled weights, sharded or not, as safetensors. It keeps names and
 * number of the tensors, which loading and saving them with a model class would not, and runs no pickled code.
 */
export function conversion(folder: string, from = "pytorch_model*.bin", to = "model.safetensors"): string {
  return `import glob, torch
from safetensors.torch import save_file
weights = {}
for file in sorted(glob.glob(${JSON.stringify(from)}, root_dir=${JSON.stringify(folder)})):
    weights.update(torch.load(${JSON.stringify(`${folder}/`)} + file, map_location="cpu", weights_only=True))
save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, ${JSON.stringify(`${folder}/${to}`)}, {"format": "pt"})`;
}

async function shards(folder: string, index: string): Promise<readonly string[]> {
  let map: unknown;
  try {
    map = (JSON.parse(await readFile(index, "utf8")) as { weight_map?: unknown }).weight_map;
  } catch (cause) {
    throw new TorchwrightError("ERR_SAFETENSORS_INVALID", `${index}: expected JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const names = typeof map === "object" && map !== null ? [...new Set(Object.values(map) as unknown[])] : [];
  if (names.length === 0) throw new TorchwrightError("ERR_SAFETENSORS_INVALID", `${index}: expected a weight_map`);
  return names.map((name) => {
    // An index is data: it must not name files outside its folder.
    if (typeof name !== "string" || path.basename(name) !== name) {
      throw new TorchwrightError(
        "ERR_SAFETENSORS_INVALID",
        `${index}: expected file names in weight_map, got ${JSON.stringify(name)}`,
      );
    }
    return path.join(folder, name);
  });
}

/** TensorFlow's names of LayerNorm's parameters, in checkpoints converted long ago. */
const OLD_NAMES: readonly (readonly [RegExp, string])[] = [
  [/\.gamma$/, ".weight"],
  [/\.beta$/, ".bias"],
];

/** A buffer that older checkpoints stored; it is 0, 1, 2, … */
const POSITION_IDS = /(?:^|\.)embeddings\.position_ids$/;

/**
 * Renames stored tensors to the model's names: `gamma`/`beta` to `weight`/`bias`, and an encoder saved alone
 * gets its `prefix.`.
 *
 * @param isKnown whether the model has a parameter of that name
 */
export function canonicalNames(
  stored: ReadonlyMap<string, StoredTensor>,
  prefix: string,
  isKnown: (name: string) => boolean,
): ReadonlyMap<string, StoredTensor> {
  const renamed = new Map<string, StoredTensor>();
  for (const [original, tensor] of stored) {
    if (POSITION_IDS.test(original)) continue;
    let name = original;
    for (const [pattern, replacement] of OLD_NAMES) name = name.replace(pattern, replacement);
    if (!isKnown(name) && isKnown(`${prefix}.${name}`)) name = `${prefix}.${name}`;
    renamed.set(name, tensor);
  }
  return renamed;
}
