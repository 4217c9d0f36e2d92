/** The logs that `reportTo` names, each at its place in `outputDir`. */
import { join } from "node:path";
import type { ReportTo, ResolvedTrainerOptions } from "../options";
import { CsvLogger } from "./csv-logger";
import { JsonlLogger } from "./jsonl-logger";
import { TensorBoardLogger } from "./tensorboard-logger";
import type { TrainerLogger } from "./trainer-logger";

const MAKE: Readonly<Record<ReportTo, (outputDir: string) => TrainerLogger>> = {
  jsonl: (outputDir) => new JsonlLogger(join(outputDir, "log.jsonl")),
  csv: (outputDir) => new CsvLogger(join(outputDir, "log.csv")),
  tensorboard: (outputDir) => new TensorBoardLogger(join(outputDir, "runs")),
};

/** None without an `outputDir`. */
export function reportLoggers({ outputDir, reportTo }: ResolvedTrainerOptions): TrainerLogger[] {
  return outputDir === undefined ? [] : [...new Set(reportTo)].map((name) => MAKE[name](outputDir));
}
