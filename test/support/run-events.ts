/** For tests: the events of a made-up run of 4 steps, one a quarter of an epoch, and what logs are told of it. */
import { ConfusionMatrix } from "../../lib/metrics/confusion-matrix";
import type { Evaluation } from "../../lib/train/evaluation";
import type { EvaluationEntry, History, LogEntry, TrainerEvent } from "../../lib/train/events";
import type { RunInfo } from "../../lib/train/logs/trainer-logger";

export const START = {
  type: "start",
  totalSteps: 4,
  warmupSteps: 1,
  batches: 4,
  examples: 32,
  device: "cpu",
} as const satisfies TrainerEvent;

export function logEntry(step: number, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    step,
    epoch: step / 4,
    loss: 1 / step,
    learningRate: 1e-5,
    gradNorm: 2,
    examplesPerSecond: 8,
    tokensPerSecond: 50,
    paddingShare: 0.25,
    memory: { allocatedBytes: 1000, peakBytes: 2048 },
    ...changes,
  };
}

/** `extra`: metrics of one's own. */
export function evaluationEntry(step: number, extra: Readonly<Record<string, number>> = {}): EvaluationEntry {
  const metrics = {
    problemType: "single-label",
    loss: 0.5,
    accuracy: 0.75,
    macroF1: 0.7,
    ...extra,
    confusionMatrix: new ConfusionMatrix(["a", "b"]),
    examples: 20,
    seconds: 2,
  };
  return { step, epoch: step / 4, metrics: metrics as unknown as Evaluation };
}

export const stepEvent = (step: number): TrainerEvent => ({
  type: "step",
  step,
  epoch: step / 4,
  learningRate: 1e-5,
  examples: 8,
  tokens: 50,
});
export const logEvent = (step: number, changes: Partial<LogEntry> = {}): TrainerEvent => ({
  type: "log",
  ...logEntry(step, changes),
});
export const evaluateEvent = (step: number, extra: Readonly<Record<string, number>> = {}): TrainerEvent => ({
  type: "evaluate",
  ...evaluationEntry(step, extra),
});

export const HISTORY: History = {
  stoppedBy: "SIGINT",
  steps: 2,
  totalSteps: 4,
  epochs: 0.5,
  loss: 1,
  skippedSteps: 0,
  examples: 16,
  tokens: 99,
  seconds: 64,
  device: "cpu",
  log: [],
  evaluations: [],
};

export const END: TrainerEvent = { type: "end", history: HISTORY };

/** A run that begins, or goes on after so many steps with what was logged and evaluated. */
export function runInfo(resumed?: RunInfo["resumed"]): RunInfo {
  return {
    options: { epochs: 1, learningRate: 1e-5 },
    plan: { totalSteps: 4, warmupSteps: 1 },
    data: { examples: 32, batchSize: 8, batches: 4 },
    labels: ["a", "b"],
    ...(resumed && { resumed }),
  };
}
