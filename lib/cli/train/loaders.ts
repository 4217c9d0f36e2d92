/** Loaders over a run's data. */
import { DataLoader } from "../../data/data-loader";
import type { DataLoaderOptions } from "../../data/loading/options";
import { ClassBalancedSampler } from "../../data/samplers/class-balanced-sampler";
import { LengthGroupedSampler } from "../../data/samplers/length-grouped-sampler";
import { RandomSampler } from "../../data/samplers/random-sampler";
import type { Sampler } from "../../data/samplers/sampler";
import { SequentialSampler } from "../../data/samplers/sequential-sampler";
import type { TextDataset } from "../../data/text-dataset";
import type { Tokenizer } from "../../text/tokenizer";
import type { Settings } from "../settings/config-file";
import { EVALUATION_LOADER_SETTINGS, type SAMPLERS, TRAIN_LOADER_SETTINGS } from "../settings/loader-settings";
import { pick } from "../settings/pick";
import { asUsage, UsageError } from "../usage-error";

/** Longest row in tokens of a model. */
interface Limits {
  readonly maxLength: number;
}

const SAMPLER: Readonly<Record<(typeof SAMPLERS)[number], (seed: number) => Sampler>> = {
  random: (seed) => new RandomSampler({ seed }),
  sequential: () => new SequentialSampler(),
  "length-grouped": (seed) => new LengthGroupedSampler({ seed }),
  "class-balanced": (seed) => new ClassBalancedSampler({ seed }),
};

/** Of training: in random order, unless it is said otherwise. Throws UsageError. */
export function trainLoader(dataset: TextDataset, tokenizer: Tokenizer, model: Limits, settings: Settings): DataLoader {
  const {
    sampler,
    shuffle,
    dataSeed = 42,
    dropLast,
    evalBatchSize: _,
    ...batches
  } = pick(settings, TRAIN_LOADER_SETTINGS);
  if (sampler !== undefined && shuffle !== undefined) {
    throw new UsageError("--sampler: expected no --shuffle or --no-shuffle with it, got both");
  }
  const name = (sampler ?? (shuffle === false ? "sequential" : "random")) as (typeof SAMPLERS)[number];
  const order = {
    sampler: SAMPLER[name](dataSeed as number),
    ...(dropLast !== undefined && { dropLast: dropLast as boolean }),
  };
  return asUsage(() => new DataLoader(dataset, { ...fitted(batches, tokenizer, model), ...order }));
}

/** Of evaluations: in the rows' order. */
export function evaluationLoader(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: Limits,
  settings: Settings,
): DataLoader {
  const { evalBatchSize = settings["batchSize"] } = settings;
  const batches = pick({ ...settings, batchSize: evalBatchSize }, EVALUATION_LOADER_SETTINGS);
  return asUsage(() => new DataLoader(dataset, fitted(batches, tokenizer, model)));
}

/** Without a length of one's own, what both tokenizer and model take. */
function fitted(batches: Settings, tokenizer: Tokenizer, model: Limits): DataLoaderOptions {
  return { maxLength: Math.min(tokenizer.maxLength, model.maxLength), ...batches, tokenizer };
}
