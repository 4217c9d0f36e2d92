/**
 * Which files of a model on the hub are its own: data, as weights in safetensors are, and never a pickle or a script.
 */
import { TorchwrightError } from "../errors";
import type { FileSelection } from "../hub/selection";
import { CALIBRATION_FILE } from "./calibration";
import { conversion } from "./checkpoint";
import { MANIFEST_FILE, namesInManifest } from "./manifest";

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const ADAPTER_WEIGHTS = "adapter_model.safetensors";
const ADAPTER_PICKLED = "adapter_model.bin";

const MANIFEST = { [MANIFEST_FILE]: namesInManifest };

/** Of a classifier or an encoder. */
export const MODEL_FILES: FileSelection = {
  required: ["config.json"],
  oneOf: [[WEIGHTS, INDEX]],
  optional: [MANIFEST_FILE, CALIBRATION_FILE],
  naming: {
    ...MANIFEST,
    [INDEX]: (text) => Object.values((JSON.parse(text) as { weight_map: Record<string, string> }).weight_map),
  },
  refuse: (operation, repository, names) => {
    if ([...names].some((name) => /^pytorch_model.*\.bin$/.test(name))) {
      return pickled(operation, repository, "pytorch_model*.bin", WEIGHTS);
    }
    if (!names.has("model.pt")) return undefined;
    return new TorchwrightError(
      "ERR_PICKLE_WEIGHTS",
      `${operation}: "${repository}" has only model.pt, a TorchScript archive, which is code and was not downloaded. If you trust who wrote it, download it ` +
        `(hf download ${repository} --local-dir ./${folderName(repository)}) and open that folder.`,
    );
  },
};

/** Of a LoRA adapter. */
export const ADAPTER_FILES: FileSelection = {
  required: ["adapter_config.json"],
  oneOf: [[ADAPTER_WEIGHTS]],
  optional: [MANIFEST_FILE],
  naming: MANIFEST,
  refuse: (operation, repository, names) =>
    names.has(ADAPTER_PICKLED) ? pickled(operation, repository, ADAPTER_PICKLED, ADAPTER_WEIGHTS) : undefined,
};

function folderName(repository: string): string {
  return repository.slice(repository.indexOf("/") + 1);
}

function pickled(operation: string, repository: string, from: string, to: string): TorchwrightError {
  const folder = `./${folderName(repository)}`;
  return new TorchwrightError(
    "ERR_PICKLE_WEIGHTS",
    `${operation}: "${repository}" has only ${from}, a pickle, which may be code and was not downloaded. Convert it once in Python, and open ${folder}:
from huggingface_hub import snapshot_download
snapshot_download(${JSON.stringify(repository)}, local_dir=${JSON.stringify(folder)}, allow_patterns=["*.json", "*.txt", ${JSON.stringify(from)}])
${conversion(folder, from, to)}`,
  );
}
