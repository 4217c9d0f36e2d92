/** What the commands run. Each is loaded when it is chosen: help and completion need no tensors. */
/* eslint-disable @typescript-eslint/no-require-imports -- import() of TypeScript needs another loader, and createRequire hides its file from the bundler */
import type * as RunEvaluation from "../evaluate/run-evaluation";
import type * as RunExport from "../export/run-export";
import type * as RunInspection from "../inspect/run-inspection";
import type * as RunPrediction from "../predict/run-prediction";
import type * as RunTraining from "../train/run-training";

export const runs = {
  evaluate: () => (require("../evaluate/run-evaluation") as typeof RunEvaluation).runEvaluation,
  export: () => (require("../export/run-export") as typeof RunExport).runExport,
  inspect: () => (require("../inspect/run-inspection") as typeof RunInspection).runInspection,
  predict: () => (require("../predict/run-prediction") as typeof RunPrediction).runPrediction,
  train: () => (require("../train/run-training") as typeof RunTraining).runTraining,
} as const;
