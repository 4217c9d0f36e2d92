/**
 * Calibrates a trained model on held-out data: a temperature for its probabilities, and where asked a threshold to
 * abstain below.
 */
import type { DataLoader } from "../../data/data-loader";
import { TorchwrightError } from "../../errors";
import type { Calibration } from "../../models/calibration";
import { exclusive } from "../../models/exclusive";
import type { TextClassifier } from "../../models/model";
import type { Tensor } from "../../tensor/tensor";
import { poolWindows } from "../pool-windows";
import { forwardIn } from "../precision";
import { forEachBatch, type Pass } from "../predictions";
import { Progress } from "../progress";
import { type Abstention, type AbstentionOptions, abstentionThreshold, checkAbstentionOptions } from "./abstention";
import { type CalibrationQuality, HeldOut } from "./held-out";
import { fitTemperature } from "./temperature";

/** With a `risk` of a single-label model also a threshold; see {@link abstentionThreshold}. */
export type CalibrateOptions = Partial<AbstentionOptions>;

/** A calibration, and what it changed on the held-out data. */
export interface CalibrationReport extends Calibration {
  /** With the option `risk`. */
  readonly abstention?: Abstention;
  /** At temperature 1. */
  readonly before: CalibrationQuality;
  /** With the temperature. */
  readonly after: CalibrationQuality;
  /** Held-out texts. */
  readonly examples: number;
}

/**
 * Fits a temperature to held-out data that the model was not trained on, as `Trainer.calibrate` does.
 *
 * @example
 * ```ts
 * import { AutoTokenizer, BertForSequenceClassification, calibrate, Classifier, DataLoader, TextDataset, Trainer } from "torchwright";
 * const tickets = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
 * const { train, test } = tickets.split({ test: 0.1, stratify: true, seed: 42 });
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
 * await new Trainer(model).fit(new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true }));
 * const calibration = await calibrate(model, new DataLoader(test, { tokenizer }));
 * console.log(calibration.temperature, calibration.before.ece, calibration.after.ece);
 * await model.save("runs/tickets/calibrated", { tokenizer, calibration });
 * const classifier = await Classifier.load("runs/tickets/calibrated"); // with probabilities that hold
 * ```
 *
 * @throws TorchwrightError ERR_BUSY while the model is trained or evaluated; ERR_INVALID_ARG for a regression, data
 *   without labels, data that no temperature fits best, a risk that no threshold keeps or one for a multi-label model;
 *   ERR_NON_FINITE for logits that are not finite
 */
export async function calibrate(
  model: TextClassifier,
  loader: DataLoader,
  options: CalibrateOptions = {},
): Promise<CalibrationReport> {
  return exclusive(model, "calibrate", () =>
    calibrateModel(model, loader, { precision: "fp32", progress: new Progress("silent") }, options),
  );
}

/**
 * One temperature for all logits, which leaves every ranking as it is: of a multi-label model before the sigmoid.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a regression, data without labels, data that no temperature fits best, a
 *   risk that no threshold keeps or one for a multi-label model; ERR_NON_FINITE for logits that are not finite
 */
export async function calibrateModel(
  model: TextClassifier,
  loader: DataLoader,
  { precision, progress }: Pass,
  options: CalibrateOptions = {},
): Promise<CalibrationReport> {
  const { problemType = "single-label" } = model;
  if (problemType === "regression") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      "calibrate: expected a model with classes, got a regression, which has no probabilities",
    );
  }
  const abstains = wantsAbstention(options);
  if (abstains && problemType === "multi-label") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      "calibrate: expected no risk for a multi-label model, whose classes each have a probability, got one",
    );
  }
  const heldOut = new HeldOut(problemType);
  let examples = 0;
  await forEachBatch("calibrate", model, loader, { progress }, async (batch) => {
    const { logits, labels, size } = poolWindows((await forwardIn(precision, model, batch)).logits, batch);
    const [values, truth] = await Promise.all([logits.to({ dtype: "float64" }).read(), (labels as Tensor).read()]);
    heldOut.add(values as Float64Array, truth as BigInt64Array | Float32Array, size);
    examples += size;
  });
  const rows = heldOut.rows();
  const temperature = await fitTemperature(rows);
  const { confidences, ...after } = await heldOut.at(rows, temperature);
  const { confidences: _, ...before } = await heldOut.at(rows, 1);
  return {
    temperature,
    ...(abstains && { abstention: abstentionThreshold(confidences, heldOut.right, options as AbstentionOptions) }),
    before,
    after,
    examples,
  };
}

/** Whether a threshold is asked for; throws ERR_INVALID_ARG for options that are none. */
function wantsAbstention(options: CalibrateOptions): boolean {
  const given: unknown = options;
  if (typeof given === "object" && given !== null && Object.values(given).every((value) => value === undefined)) {
    return false;
  }
  checkAbstentionOptions("calibrate", options as AbstentionOptions);
  return true;
}
