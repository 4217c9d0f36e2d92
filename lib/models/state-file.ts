/** State dictionaries as safetensors files. */
import { describe, TorchwrightError } from "../errors";
import type { StateDict } from "../nn/state";
import { replaceFile } from "../files/replace-file";
import { Tensor } from "../tensor/tensor";
import { readHeader, readTensors, writeSafetensors } from "./safetensors";

/**
 * Reads a safetensors file onto the CPU, as Python's `safetensors.torch.load_file`. The caller or its scope owns the
 * tensors.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_SAFETENSORS_INVALID, ERR_UNKNOWN_DTYPE, ERR_INVALID_ARG
 */
export async function loadSafetensors(file: string): Promise<StateDict> {
  if (typeof file !== "string") {
    throw new TorchwrightError("ERR_INVALID_ARG", `loadSafetensors: expected a file's path, got ${describe(file)}`);
  }
  const entries = await readHeader(file);
  const tensors = await readTensors(file, entries);
  return new Map(entries.map(({ name }, i) => [name, tensors[i] as Tensor]));
}

/**
 * Writes a state dictionary as a safetensors file, which Python's `safetensors.torch.load_file` reads; a tensor under
 * two names is written twice. What is there is replaced once all is written.
 *
 * @example
 * ```ts
 * import { loadSafetensors, nn, saveSafetensors, scope } from "torchwright";
 * const layer = new nn.Linear(4, 2);
 * await saveSafetensors("layer.safetensors", layer.stateDict());
 * await scope(async () => new nn.Linear(4, 2).loadStateDict(await loadSafetensors("layer.safetensors")));
 * ```
 *
 * @throws TorchwrightError ERR_FILE_WRITE; ERR_INVALID_ARG for a dtype or a name that the format lacks
 */
export async function saveSafetensors(
  file: string,
  state: StateDict | Readonly<Record<string, Tensor>>,
): Promise<void> {
  if (typeof state !== "object" || (state as unknown) === null) {
    throw new TorchwrightError("ERR_INVALID_ARG", `saveSafetensors: expected tensors by name, got ${describe(state)}`);
  }
  const entries =
    state instanceof Map ? [...(state as StateDict)] : Object.entries(state as Readonly<Record<string, Tensor>>);
  const wrong = entries.find(([, tensor]) => !(tensor instanceof Tensor));
  if (typeof file !== "string" || wrong) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `saveSafetensors: expected a path and tensors, got ${describe(wrong ? wrong[1] : file)}`,
    );
  }
  try {
    await replaceFile(file, (beside) => writeSafetensors(beside, entries));
  } catch (cause) {
    if (cause instanceof TorchwrightError) throw cause;
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `saveSafetensors: ${file} could not be written: ${(cause as Error).message}`,
      { cause },
    );
  }
}
