/** A BERT's weights: fitted to the model's shapes, read, or drawn anew. */
import { TorchwrightError } from "../errors";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import type { BertConfig } from "./bert-config";
import type { StoredTensor } from "./checkpoint";
import { readTensors } from "./safetensors";

/** What loading found beside the weights that fit. */
export interface LoadingReport {
  /** Parameters that the checkpoint lacks and that were drawn anew. */
  readonly missing: readonly string[];
  /** Tensors of the checkpoint that the model has no place for. */
  readonly unexpected: readonly string[];
}

/** Parts that a checkpoint may lack: an encoder pretrained without a task has neither. */
const OPTIONAL = /^(?:classifier|bert\.pooler)\./;

type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * Compares a checkpoint with the model's shapes.
 *
 * @throws TorchwrightError ERR_WEIGHTS_MISMATCH listing mis-shaped, missing and unexpected keys, when a key is
 *   mis-shaped or the encoder lacks one
 */
export function fitWeights(folder: string, stored: ReadonlyMap<string, StoredTensor>, shapes: Shapes): LoadingReport {
  const missing = [...shapes.keys()].filter((name) => !stored.has(name));
  const unexpected = [...stored.keys()].filter((name) => !shapes.has(name));
  const misshaped = [...shapes].flatMap(([name, shape]) => {
    const found = stored.get(name)?.entry.shape;
    return found && found.join() !== shape.join()
      ? [`${name} is [${found.join(", ")}], config.json says [${shape.join(", ")}]`]
      : [];
  });
  if (misshaped.length > 0 || missing.some((name) => !OPTIONAL.test(name))) {
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `fromPretrained: the weights in ${folder} do not fit its config.json.` +
        listKeys("mis-shaped", misshaped) +
        listKeys("missing", missing) +
        listKeys("unexpected", unexpected),
    );
  }
  return { missing, unexpected };
}

/** A sentence for a message, with the first of the keys; nothing where there are none. */
export function listKeys(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, 10).join("; ");
  return ` ${title} (${names.length}): ${shown}${names.length > 10 ? "; …" : ""}.`;
}

/** Reads the tensors that the model has a place for, file by file, onto the CPU; the scope around owns them. */
export async function loadWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  shapes: Shapes,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const file of new Set([...stored.values()].map((tensor) => tensor.file))) {
    const names = [...shapes.keys()].filter((name) => stored.get(name)?.file === file);
    const entries = names.flatMap((name) => stored.get(name)?.entry ?? []);
    (await readTensors(file, entries)).forEach((tensor, i) => tensors.set(names[i] ?? "", tensor));
  }
  return tensors;
}

/** As Hugging Face's `_init_weights`: N(0, initializer_range), zero biases and padding row, LayerNorm 1 and 0. */
export function initialTensor(name: string, shape: readonly number[], config: BertConfig): Tensor {
  if (name.endsWith(".bias")) return ops.zeros(shape);
  if (name.endsWith("LayerNorm.weight")) return ops.ones(shape);
  const weight = ops.empty(shape).normal_(0, config.initializer_range);
  if (name.endsWith("word_embeddings.weight") && config.pad_token_id !== null) {
    weight.select(0, config.pad_token_id).zero_();
  }
  return weight;
}
