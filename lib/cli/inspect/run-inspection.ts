/** One run of `inspect`: finds out what it is given, and shows it. */
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { isHubName } from "../../hub/hub-name";
import { oneFormat } from "../data/file-format";
import type { Files } from "../data/rows";
import { placeOf } from "../model/model-place";
import { isTorchScriptFile } from "../model/trainable";
import { printed, printResult } from "../output/print";
import type { Settings } from "../settings/config-file";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { UsageError } from "../usage-error";
import { EXIT_CODE } from "../exit-code";
import { inspectCheckpoint } from "./checkpoint";
import { inspectData } from "./data";
import type { Findings } from "./findings";
import { inspectModel } from "./model-folder";
import { inspectTorchScript } from "./torchscript";

export interface InspectionCall {
  readonly paths: Files;
  readonly settings: Settings;
  readonly json: boolean | undefined;
}

export async function runInspection({ paths, settings, json }: InspectionCall): Promise<void> {
  const [first] = paths;
  const look = lookOf(first, settings);
  if (!look) return inspectData(paths, settings, json);
  if (paths.length > 1) throw new UsageError(`inspect: expected one folder or file of a model, got ${paths.length}`);
  const given = Object.keys(settings).find((name) => !Object.hasOwn(HUB_SETTINGS, name));
  if (given !== undefined) {
    throw new UsageError(`inspect: expected no settings of data for ${first}, which is none, got ${given}`);
  }
  const { heading, value, sections, damage } = await look(first);
  printResult(json, value, () => printed(heading, sections));
  if (damage === undefined) return;
  process.stderr.write(`error: ${damage}\n`);
  process.exitCode = EXIT_CODE.failed;
}

/** How to look at a path; undefined for data. */
function lookOf(given: string, settings: Settings): ((given: string) => Promise<Findings>) | undefined {
  if (isTorchScriptFile(given)) return inspectTorchScript;
  if (isModelOfHub(given, settings)) {
    return async () => inspectModel((await placeOf("inspect", given, settings)).model, given);
  }
  if (statSync(given, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const has = (name: string): boolean => existsSync(path.join(given, name));
  if (has("trainer_state.json")) return inspectCheckpoint;
  if (has("config.json")) return inspectModel;
  if (has(path.join("model", "config.json"))) {
    throw new UsageError(
      `inspect: expected a model folder, a checkpoint or data, got the folder of a run; its model is ${path.join(given, "model")}`,
    );
  }
  const checkpoint = readdirSync(given)
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(11)) - Number(a.slice(11)))[0];
  if (checkpoint !== undefined) {
    throw new UsageError(
      `inspect: expected a model folder, a checkpoint or data, got the folder of a run that is not done; its newest checkpoint is ${path.join(given, checkpoint)}`,
    );
  }
  return undefined;
}

/** Not there, and no name of a file: one with an ending is a model's only behind its owner's, as `org/model-v1.5`. */
function isModelOfHub(given: string, settings: Settings): boolean {
  if (existsSync(given) || settings["format"] !== undefined || oneFormat(given) !== undefined) return false;
  return isHubName(given) && (given.includes("/") || path.extname(given) === "");
}
