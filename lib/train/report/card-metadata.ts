/** The head of a model card, as Hugging Face's Hub reads it. */
import type { ModelProblem } from "../../models/model";
import { type CardData, listOf } from "./card-data";
import type { YamlValue } from "./yaml";

/** A metric of an evaluation, by our name, that of https://huggingface.co/metrics, and one for readers. */
export interface CardMetric {
  readonly key: string;
  readonly type: string;
  readonly name: string;
}

const F1 = (average: "macro" | "micro" | "weighted"): CardMetric => ({
  key: `${average}F1`,
  type: "f1",
  name: `${average[0]?.toUpperCase()}${average.slice(1)} F1`,
});

/** By problem, in the order in which cards list them. */
export const CARD_METRICS: Readonly<Record<ModelProblem, readonly CardMetric[]>> = {
  "single-label": [
    { key: "accuracy", type: "accuracy", name: "Accuracy" },
    F1("macro"),
    F1("weighted"),
    { key: "macroPrecision", type: "precision", name: "Macro Precision" },
    { key: "macroRecall", type: "recall", name: "Macro Recall" },
    { key: "matthews", type: "matthews_correlation", name: "Matthews Correlation" },
  ],
  "multi-label": [
    { key: "subsetAccuracy", type: "accuracy", name: "Subset Accuracy" },
    F1("micro"),
    F1("macro"),
    { key: "microPrecision", type: "precision", name: "Micro Precision" },
    { key: "microRecall", type: "recall", name: "Micro Recall" },
  ],
  regression: [
    { key: "mse", type: "mse", name: "Mean Squared Error" },
    { key: "mae", type: "mae", name: "Mean Absolute Error" },
    { key: "r2", type: "r_squared", name: "R Squared" },
    { key: "pearson", type: "pearsonr", name: "Pearson Correlation" },
  ],
};

/** Metrics that an evaluation has as numbers. */
export function measuredMetrics(
  problem: ModelProblem,
  metrics: Readonly<Record<string, number>>,
): (CardMetric & { readonly value: number })[] {
  return CARD_METRICS[problem].flatMap((metric) => {
    const value = metrics[metric.key];
    return Number.isFinite(value) ? [{ ...metric, value: value as number }] : [];
  });
}

/**
 * By the keys of the Hub (https://github.com/huggingface/hub-docs/blob/main/modelcard.md): those that Hugging Face's
 * Trainer writes, too. Results on data that the Hub does not have are of the dataset `unknown`, without which it would
 * refuse them.
 */
export function cardMetadata({
  name,
  options,
  format,
  problem,
  evaluation,
}: CardData): Readonly<Record<string, YamlValue>> {
  const { license, baseModel, tags = [] } = options;
  const [language, datasets] = [listOf(options.language), listOf(options.datasets)];
  const measured = evaluation ? measuredMetrics(problem, evaluation.metrics) : [];
  const dataset = datasets[0];
  return {
    library_name: format === "transformers" ? "transformers" : "torchwright",
    pipeline_tag: "text-classification",
    ...(language.length > 0 && { language }),
    ...(license !== undefined && { license }),
    ...(baseModel !== undefined && { base_model: baseModel }),
    tags: [...new Set(["torchwright", "generated_from_trainer", ...tags])],
    ...(datasets.length > 0 && { datasets }),
    ...(measured.length > 0 && {
      metrics: [...new Set(measured.map(({ type }) => type))],
      "model-index": [
        {
          name,
          results: [
            {
              task: { name: "Text Classification", type: "text-classification" },
              dataset: { name: dataset ?? "held-out data", type: dataset ?? "unknown" },
              metrics: measured.map(({ name: title, type, value }) => ({ name: title, type, value })),
            },
          ],
        },
      ],
    }),
  };
}
