/** The Trainer's options of what was said on the command line and in the configuration file. */
import { loadTextClassifier } from "../../models/auto-classifier";
import type { ModelProblem } from "../../models/model";
import { resolveOptions } from "../../train/check-options";
import type { TrainerOptions } from "../../train/options";
import type { NamePattern } from "../../train/parameters/name-pattern";
import { hubOptionsBeside } from "../model/model-place";
import type { Settings } from "../settings/config-file";
import { pick } from "../settings/pick";
import { TRAIN_DEFAULTS, TRAINER_SETTINGS } from "../settings/trainer-settings";
import { asUsage, UsageError } from "../usage-error";
import { loadExport } from "./user-module";

/** Options of which all but the teacher are complete; `open` adds it. */
export interface PreparedOptions {
  readonly options: TrainerOptions<ModelProblem>;
  /** Opens the teacher, where there is one. */
  readonly open: () => Promise<TrainerOptions<ModelProblem>>;
}

/** Checks every option before anything is read. Throws UsageError. */
export function trainerOptions(settings: Settings): PreparedOptions {
  // Names and the problem are the model's; a module without them is opened with them.
  const {
    labels: _labels,
    problemType: _problem,
    distillation,
    computeLoss,
    callbacks,
    freeze,
    paramGroups,
    ...plain
  } = pick(settings, TRAINER_SETTINGS);
  const options = {
    ...TRAIN_DEFAULTS,
    ...plain,
    ...(freeze !== undefined && { freeze: [freeze as string | string[]].flat().map(pattern) }),
    ...(paramGroups !== undefined && { paramGroups: (paramGroups as Settings[]).map(rule) }),
    ...(computeLoss !== undefined && {
      computeLoss: loadExport("--compute-loss", computeLoss as string, "computeLoss"),
    }),
    ...(callbacks !== undefined && {
      callbacks: [callbacks as string | string[]]
        .flat()
        .flatMap((file) => loadExport("--callbacks", file, "callbacks")),
    }),
  } as unknown as TrainerOptions<ModelProblem>; // what it is, is looked at below
  const taught = distillation as
    { readonly teacher?: string; readonly temperature?: number; readonly alpha?: number } | undefined;
  if (taught && taught.teacher === undefined) {
    throw new UsageError(
      "--distillation-temperature and --distillation-alpha: expected --distillation-teacher with them, got none",
    );
  }
  const weights = options.averageWeights as { readonly type?: string } | undefined;
  if (weights && weights.type === undefined) {
    throw new UsageError("--average-weights-decay, -start and -every: expected --average-weights with them, got none");
  }
  asUsage(() => resolveOptions(options));
  const open = async (): Promise<TrainerOptions<ModelProblem>> => {
    if (taught?.teacher === undefined) return options;
    const device = options.device === undefined ? {} : { device: options.device };
    const teacher = await loadTextClassifier(taught.teacher, { ...hubOptionsBeside(settings), ...device });
    return { ...options, distillation: { ...taught, teacher } };
  };
  return { options, open };
}

/** Text between slashes is a regular expression. */
function pattern(text: string): NamePattern {
  const source = /^\/(.+)\/$/.exec(text)?.[1];
  if (source === undefined) return text;
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new UsageError(`expected a regular expression between slashes, got ${text}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function rule({ match, ...rest }: Settings): Settings {
  return { ...rest, ...(match !== undefined && { match: typeof match === "string" ? pattern(match) : match }) };
}
