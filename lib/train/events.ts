/**
 * What a training run tells while it goes, and the history it leaves: plain data throughout.
 */
import type { Best } from "./best-model";
import type { ModelProblem } from "../models/model";
import type { Evaluation } from "./evaluation";

/** One reading of the device: everything since the reading before. */
export interface LogEntry {
  /** Optimizer steps done so far. */
  readonly step: number;
  /** Passes over the data done so far, with fraction. */
  readonly epoch: number;
  /** Mean of the steps' losses since the last reading; NaN where all were skipped. */
  readonly loss: number;
  /** Learning rate of the last step. */
  readonly learningRate: number;
  /** Global 2-norm of the last step's gradients, before clipping. */
  readonly gradNorm: number;
  /**
   * Steps since the last reading that changed nothing, as loss or gradient was not finite; absent where there were
   * none.
   */
  readonly skippedSteps?: number;
  /** With float16: what losses are multiplied by, so that gradients do not vanish. */
  readonly lossScale?: number;
  /** Examples per second since the log before. */
  readonly examplesPerSecond: number;
  /** Without padding. */
  readonly tokensPerSecond: number;
  /** Share of the tokens computed since the last reading that was padding, from 0 to 1. */
  readonly paddingShare: number;
  /** Of the training device, as its allocator counts it, for all of the process; asking waits for nothing. */
  readonly memory: MemoryEntry;
}

/** Bytes of a device. */
export interface MemoryEntry {
  /** In use by tensors now. */
  readonly allocatedBytes: number;
  /** Most of them since the process began, or since `resetPeakMemory`. */
  readonly peakBytes: number;
}

/** An evaluation on held-out data during a run. */
export interface EvaluationEntry<P extends ModelProblem = ModelProblem> {
  /** Steps done when it was made. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** By the model's problem, which `problemType` says. */
  readonly metrics: Evaluation<P>;
}

/** A checkpoint that was written. */
export interface CheckpointEntry {
  /** Steps done when it was written. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** Where it is. */
  readonly folder: string;
}

/** A checkpoint that the run goes on from. */
export interface ResumeEntry extends CheckpointEntry {
  /** Newer ones that are damaged, with the reason. */
  readonly passedOver: readonly {
    /** A checkpoint that was not used. */
    readonly folder: string;
    /** What is wrong with it. */
    readonly reason: string;
  }[];
}

/** Memory ran out, and batches go through the model in parts from here on. */
export interface SplitEntry {
  /** Steps done when memory ran out. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** Into how many parts batches are cut. */
  readonly parts: number;
}

/**
 * Why a run ended: all steps done, no progress, time over; or interrupted by Ctrl-C, SIGTERM or the caller's
 * AbortSignal.
 */
export type StoppedBy = "end" | "earlyStopping" | "maxSeconds" | "SIGINT" | "SIGTERM" | "abort";

/** What `fit` resolves with. */
export interface History<P extends ModelProblem = "single-label"> {
  /** Why the run ended. */
  readonly stoppedBy: StoppedBy;
  /** Optimizer steps done, of `totalSteps` planned. */
  readonly steps: number;
  /** Steps that were planned. */
  readonly totalSteps: number;
  /** Passes over the data done, with fraction. */
  readonly epochs: number;
  /** Mean loss over all steps that were taken; NaN where none was. */
  readonly loss: number;
  /** Steps that changed nothing, as loss or gradient was not finite. */
  readonly skippedSteps: number;
  /** Examples that were learned from. */
  readonly examples: number;
  /** Without padding. */
  readonly tokens: number;
  /** Wall time of training, without evaluations. */
  readonly seconds: number;
  /** Where it ran. */
  readonly device: string;
  /** The best evaluation; absent without evaluations. With `loadBestModelAtEnd` the model has its weights. */
  readonly best?: Best;
  /** Every log, in order. */
  readonly log: readonly LogEntry[];
  /** Every evaluation, in order. */
  readonly evaluations: readonly EvaluationEntry<P>[];
}

/** A step that was queued and done; its loss is still on the device. */
export interface StepEntry {
  /** Its number, from 1. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** The first group's learning rate in the step. */
  readonly learningRate: number;
  /** Examples of the step. */
  readonly examples: number;
  /** Tokens of the step, without padding. */
  readonly tokens: number;
}

/**
 * Everything that happens in a run, in order: one `start`, where it goes on one `resume`, any number of the others, one
 * `end`.
 */
export type TrainerEvent =
  | {
      readonly type: "start";
      /** Steps that are planned. */
      readonly totalSteps: number;
      /** Those of them in which the learning rate rises. */
      readonly warmupSteps: number;
      /** Batches of an epoch. */
      readonly batches: number;
      /** Examples of an epoch. */
      readonly examples: number;
      /** Where it runs. */
      readonly device: string;
    }
  | ({ readonly type: "step" } & StepEntry)
  | ({ readonly type: "log" } & LogEntry)
  | ({ readonly type: "evaluate" } & EvaluationEntry)
  | ({ readonly type: "resume" } & ResumeEntry)
  | ({ readonly type: "checkpoint" } & CheckpointEntry)
  | ({ readonly type: "split" } & SplitEntry)
  | {
      readonly type: "end";
      /** The whole run. */
      readonly history: History<ModelProblem>;
    };

/** A listener; an asynchronous one is awaited before the run goes on. */
export type TrainerCallback = (event: TrainerEvent) => void | Promise<void>;
