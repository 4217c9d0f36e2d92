/** A folder with an adapter alone, as PEFT's `save_pretrained` writes it and `PeftModel.from_pretrained` opens it. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import type { Tensor } from "../../tensor/tensor";
import { listKeys } from "../bert-weights";
import { conversion } from "../checkpoint";
import { readHeader, readTensors, writeSafetensors } from "../safetensors";
import { ADAPTER_FOLDER, writeFolder } from "../save-folder";
import { type AdapterPlan, HEAD } from "./adapter-plan";
import { factorNames } from "./factors";
import { peftConfig } from "./peft-config";

const WEIGHTS = "adapter_model.safetensors";
const PICKLED = "adapter_model.bin";
/** In front of all names: PEFT wraps the model twice. */
const PREFIX = "base_model.model.";
/** What PEFT adds to names of layers with an update, behind the layer's. */
const BASE_LAYER = ".base_layer";
/** Second copies, which PEFT writes with `bias: "all"`. */
const COPY = /\.(?:original_module|modules_to_save)\.[^.]+$/;

/**
 * Writes the adapter, atomically.
 *
 * @param parameters of the model with the adapter, by name
 * @throws TorchwrightError ERR_FILE_WRITE
 */
export async function writeAdapter(
  folder: string,
  { config, layers, trained }: AdapterPlan,
  parameters: ReadonlyMap<string, Tensor>,
): Promise<void> {
  const withUpdate = new Set(layers.map((layer) => layer.path));
  const names = [...layers.flatMap(factorNames), ...trained];
  const tensors = names.map((name) => {
    const end = name.lastIndexOf(".");
    const inside = withUpdate.has(name.slice(0, end)) ? BASE_LAYER : "";
    return [`${PREFIX}${name.slice(0, end)}${inside}${name.slice(end)}`, parameters.get(name) as Tensor] as const;
  });
  await writeFolder(
    folder,
    async (temporary) => {
      await writeFile(path.join(temporary, "adapter_config.json"), peftConfig(config));
      await writeSafetensors(path.join(temporary, WEIGHTS), tensors);
    },
    ADAPTER_FOLDER,
  );
}

/**
 * Reads the adapter's tensors by the model's names for them, onto the CPU; the scope around owns them.
 *
 * @param parameters the model's own, by name
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_PICKLE_WEIGHTS, ERR_SAFETENSORS_INVALID; ERR_WEIGHTS_MISMATCH unless
 *   all tensors are there, in their shapes, and no others
 */
export async function readAdapter(
  folder: string,
  { layers, trained }: AdapterPlan,
  savesHead: boolean,
  parameters: ReadonlyMap<string, Tensor>,
): Promise<ReadonlyMap<string, Tensor>> {
  const file = path.join(folder, WEIGHTS);
  if (!existsSync(file) && existsSync(path.join(folder, PICKLED))) {
    throw new TorchwrightError(
      "ERR_PICKLE_WEIGHTS",
      `loadAdapter: ${folder} has only ${PICKLED}, a pickle, which may be code. Convert it once in Python:\n${conversion(folder, PICKLED, WEIGHTS)}`,
    );
  }
  const shapes = new Map(
    [...trained].map((name): [string, readonly number[]] => [name, parameters.get(name)?.shape ?? []]),
  );
  for (const layer of layers) {
    const [a, b] = factorNames(layer);
    shapes.set(a, [layer.r, layer.inputs]).set(b, [layer.outputs, layer.r]);
  }
  const stored = new Map(
    (await readHeader(file)).filter(({ name }) => !COPY.test(name)).map((entry) => [ourName(entry.name), entry]),
  );
  const mayLack = (name: string): boolean => !savesHead && name.startsWith(`${HEAD}.`);
  const missing = [...shapes.keys()].filter((name) => !stored.has(name) && !mayLack(name));
  const unexpected = [...stored.keys()].filter((name) => !shapes.has(name));
  const misshaped = [...stored].flatMap(([name, { shape }]) => {
    const expected = shapes.get(name);
    return expected && expected.join() !== shape.join()
      ? [`${name} is [${shape.join(", ")}], not [${expected.join(", ")}]`]
      : [];
  });
  if (misshaped.length + missing.length + unexpected.length > 0) {
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `loadAdapter: expected in ${file} what its adapter_config.json makes of the model, got other weights.` +
        listKeys("mis-shaped", misshaped) +
        listKeys("missing", missing) +
        listKeys("unexpected", unexpected),
    );
  }
  const tensors = await readTensors(file, [...stored.values()]);
  return new Map([...stored.keys()].map((name, i) => [name, tensors[i] as Tensor]));
}

/** Old versions of PEFT leave out what they add behind a layer's name. */
function ourName(stored: string): string {
  return (stored.startsWith(PREFIX) ? stored.slice(PREFIX.length) : stored).replace(`${BASE_LAYER}.`, ".");
}
