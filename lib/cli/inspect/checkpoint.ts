/** Looks at a checkpoint: where the run stood, and the model that is in it. */
import { formatDuration, formatMeasure } from "../../train/progress-format";
import { readState } from "../../train/checkpoints/checkpoint";
import { headline } from "../../train/headline";
import { pairs } from "../output/print";
import type { Findings } from "./findings";
import { inspectModel } from "./model-folder";

/** Throws what opening it for a run that goes on would throw: ERR_CHECKSUM for damage. */
export async function inspectCheckpoint(folder: string): Promise<Findings> {
  const { position, run, bestModel } = await readState(folder);
  const model = await inspectModel(folder);
  const last = run.evaluations.at(-1);
  const log = run.log.at(-1);
  const value = {
    kind: "checkpoint",
    folder,
    step: run.step,
    epoch: log?.epoch ?? position.epoch,
    examples: run.counts.examples,
    seconds: run.counts.seconds,
    loss: log?.loss,
    learningRate: log?.learningRate,
    evaluation: last && { step: last.step, ...Object.fromEntries(headline(last.metrics)) },
    best: bestModel.best && { metric: bestModel.metric, ...bestModel.best },
    skippedSteps: run.skippedSteps,
    model: model.value,
  };
  const metrics = last
    ? headline(last.metrics)
        .map(([name, measure]) => `${name} ${formatMeasure(measure)}`)
        .join("  ")
    : undefined;
  const section = pairs("Run", [
    ["step", value.step],
    ["epoch", value.epoch.toFixed(2)],
    ["examples", value.examples],
    ["time", formatDuration(value.seconds)],
    ["last loss", log && formatMeasure(log.loss)],
    ["evaluated", last && `at step ${last.step}: ${metrics}`],
    ["best", value.best && `${value.best.metric} ${formatMeasure(value.best.value)} at step ${value.best.step}`],
    ["skipped steps", value.skippedSteps],
  ]);
  return { ...model, heading: `Checkpoint in ${folder}`, value, sections: [section, ...model.sections] };
}
