/** What held-out data said of a model's probabilities: `calibration.json`, beside the weights that it belongs to. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import type { FileSelection } from "../hub/selection";
import { openFolder } from "../text/open-folder";
import type { ModelProblem } from "./model";

/** How a model's logits become probabilities that hold. */
export interface Calibration {
  /** Logits are divided by it before softmax or sigmoid; above 1 for a model that is too sure of itself. */
  readonly temperature: number;
  /** Of a single-label model: predictions with a probability below `threshold` abstain. */
  readonly abstention?: {
    /** Confidence below which predictions say `abstained`. */
    readonly threshold: number;
  };
}

export const CALIBRATION_FILE = "calibration.json";

/** Of a model on the hub its calibration alone. */
const SELECTION: FileSelection = { required: [], oneOf: [], optional: [CALIBRATION_FILE], naming: {} };

/** The text of `calibration.json`; what else the object holds is kept there as a record. */
export function formatCalibration(calibration: Calibration): string {
  return `${JSON.stringify(checkCalibration("save", calibration), null, 2)}\n`;
}

/**
 * The calibration of a saved folder, or where there is none of that name, of the model of that name on the hub;
 * undefined where it has none. `Classifier.load` reads it by itself.
 * @throws TorchwrightError ERR_FILE_READ, ERR_CONFIG_INVALID, ERR_HUB_…
 */
export async function readCalibration(given: string, options: HubOptions = {}): Promise<Calibration | undefined> {
  const folder = await openFolder("readCalibration", given, options, SELECTION);
  const file = path.join(folder, CALIBRATION_FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new TorchwrightError("ERR_FILE_READ", `${file}: could not be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return checkCalibration(file, JSON.parse(text));
  } catch (cause) {
    throw new TorchwrightError("ERR_CONFIG_INVALID", `${file}: expected a calibration: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** @throws TorchwrightError ERR_INVALID_ARG for what is no calibration, or none of a model for that problem */
export function checkCalibration(
  operation: string,
  given: unknown,
  problem: ModelProblem = "single-label",
): Calibration {
  const invalid = (expected: string, got: string): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${got}`);
  if (typeof given !== "object" || given === null) {
    throw invalid("calibration to be an object with a temperature", describe(given));
  }
  const { temperature, abstention } = given as Partial<Calibration>;
  if (problem === "regression") {
    throw invalid("no calibration for a regression, which has no probabilities", describe(given));
  }
  if (typeof temperature !== "number" || !(temperature > 0 && temperature < Infinity)) {
    throw invalid("calibration.temperature to be a number above 0", describe(temperature));
  }
  if (abstention === undefined) return given as Calibration;
  const { threshold } = (abstention ?? {}) as Partial<typeof abstention>;
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    throw invalid("calibration.abstention.threshold to be a number in [0, 1]", describe(threshold));
  }
  if (problem !== "single-label") {
    throw invalid("no abstention for a multi-label problem, whose classes each have a probability", "a threshold");
  }
  return given as Calibration;
}
