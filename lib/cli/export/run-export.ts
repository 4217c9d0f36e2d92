/** One run of `export`. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { readConfig } from "../../models/bert-config";
import { BertForSequenceClassification } from "../../models/bert-for-sequence-classification";
import { readCalibration } from "../../models/calibration";
import type { ModelProblem } from "../../models/model";
import { makeFolder } from "../../files/make-folder";
import { AutoTokenizer } from "../../text/auto-tokenizer";
import type { ExportSettings } from "../commands/export";
import { hubOptionsBeside, placeOf } from "../model/model-place";
import { savedProblem } from "../model/saved-problem";
import { printResult } from "../output/print";
import type { Settings } from "../settings/config-file";

/** What of a folder is text for people, and goes along. */
const COMPANIONS = ["README.md", "training.json"];

export interface ExportCall {
  readonly model: string;
  readonly settings: Settings;
  readonly json: boolean | undefined;
}

/** Throws ERR_CONFIG_INVALID for a model that is no BERT, and what opening and writing throw. */
export async function runExport({ model: given, settings, json }: ExportCall): Promise<void> {
  const { output, torchscript, adapter, dtype }: ExportSettings = settings;
  const { model: folder } = await placeOf("export", given, settings);
  const type = (await readConfig(folder))["model_type"];
  if (type === "torchscript") {
    throw new TorchwrightError(
      "ERR_CONFIG_INVALID",
      `export: expected a folder of BERT, got one of a TorchScript module, which ${path.join(folder, "model.pt")} already is`,
    );
  }
  if (output !== undefined && path.resolve(output) === path.resolve(folder)) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `export: expected another folder than the model's own for --output, got ${output}`,
    );
  }
  const problemType = await savedProblem(folder);
  const model = await BertForSequenceClassification.fromPretrained<ModelProblem>(folder, {
    device: "cpu",
    problemType,
    ...(dtype && { dtype }),
  });
  try {
    if (adapter !== undefined) {
      await model.loadAdapter(adapter, hubOptionsBeside(settings));
      await model.mergeAdapter();
    }
    if (torchscript !== undefined) {
      model.eval();
      await makeFolder(path.dirname(path.resolve(torchscript))).catch(() => undefined); // saving says what is wrong
      await model.saveTorchScript(torchscript);
    }
    if (output !== undefined) {
      // The adapter changed what the calibration and the card were about.
      const calibration = adapter === undefined ? await readCalibration(folder) : undefined;
      const files = adapter === undefined ? await companionsOf(folder) : {};
      await model.save(output, {
        tokenizer: await AutoTokenizer.fromPretrained(folder),
        ...(calibration && { calibration }),
        files,
      });
    }
  } finally {
    model.dispose();
  }
  const written = {
    ...(torchscript !== undefined && { torchscript }),
    ...(output !== undefined && { output }),
    dtype: dtype ?? "float32",
  };
  printResult(json, written, () =>
    [torchscript, output]
      .filter((one) => one !== undefined)
      .map((one) => `wrote ${one}`)
      .join("\n"),
  );
}

async function companionsOf(folder: string): Promise<Record<string, string>> {
  const there = COMPANIONS.filter((name) => existsSync(path.join(folder, name)));
  return Object.fromEntries(
    await Promise.all(there.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")] as const)),
  );
}
