/** A run's hyper-parameters under the names that Hugging Face's model cards have. */
import { TRAINER_DEFAULTS } from "../options";
import { formatLearningRate } from "../progress-format";
import type { TrainingRecord } from "../run-folder";

/**
 * Options that change what is learned, beside those that every card has; listed where they are not at their default.
 */
const OTHERS = [
  "weightDecay",
  "maxGradNorm",
  "labelSmoothingFactor",
  "classWeights",
  "focalGamma",
  "computeLoss",
  "distillation",
  "lrSchedulerKwargs",
  "layerwiseLrDecay",
  "paramGroups",
  "freeze",
  "gradualUnfreezing",
  "averageWeights",
] as const;

/** Names and values, in the order of Hugging Face's `extract_hyperparameters_from_trainer`. */
export function hyperparameters(
  { options, plan, data }: TrainingRecord,
  evalBatchSize: number | undefined,
): [name: string, value: string][] {
  const text = (name: string): string => valueText(options[name]);
  const accumulated = Number(options["gradientAccumulationSteps"]);
  const batch = batchText(data.batchSize);
  const optimizer = String(options["optim"]);
  const moments = /adam/i.test(optimizer)
    ? ` with betas=(${text("adamBeta1")},${text("adamBeta2")}) and epsilon=${text("adamEpsilon")}`
    : "";
  const args =
    Object.keys(Object(options["optimArgs"]) as object).length > 0 ? ` and optimizer_args=${text("optimArgs")}` : "";
  return [
    ["learning_rate", text("learningRate")],
    ["train_batch_size", batch],
    ...(evalBatchSize === undefined ? [] : [["eval_batch_size", batchText(evalBatchSize)] as [string, string]]),
    ["seed", text("seed")],
    ...(accumulated > 1
      ? ([
          ["gradient_accumulation_steps", String(accumulated)],
          ["total_train_batch_size", batchText(data.batchSize * accumulated)],
        ] as [string, string][])
      : []),
    ["optimizer", `${optimizer}${moments}${args}`],
    ["lr_scheduler_type", text("lrSchedulerType")],
    ...(plan.warmupSteps > 0 ? [["lr_scheduler_warmup_steps", String(plan.warmupSteps)] as [string, string]] : []),
    options["maxSteps"] === undefined ? ["num_epochs", text("epochs")] : ["training_steps", text("maxSteps")],
    ...(options["precision"] === "fp32" ? [] : [["mixed_precision_training", text("precision")] as [string, string]]),
    ...OTHERS.filter((name) => isChanged(name, options[name])).map((name): [string, string] => [
      snakeCase(name),
      text(name),
    ]),
  ];
}

function isChanged(name: string, value: unknown): boolean {
  return (
    value !== undefined &&
    JSON.stringify(value) !== JSON.stringify((TRAINER_DEFAULTS as Readonly<Record<string, unknown>>)[name])
  );
}

function batchText(size: number): string {
  return Number.isFinite(size) ? String(size) : "by tokens";
}

function valueText(value: unknown): string {
  if (typeof value === "number" && Math.abs(value) < 1e-3) return formatLearningRate(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
