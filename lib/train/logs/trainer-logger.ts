/** What takes in a training run: the interface of every log, and the numbers that logs agree on. */
import { scalarMetrics } from "../evaluation";
import type { TrainerCallback, TrainerEvent } from "../events";
import type { RunState } from "../run";
import type { TrainingRecord } from "../run-folder";

/** A run as a log meets it, before its first event: settings, data and labels, and what is done already. */
export interface RunInfo extends Omit<TrainingRecord, "outcome"> {
  /** The part before a break, of a run that goes on; its log and evaluations are whole. */
  readonly resumed?: Pick<RunState, "step" | "log" | "evaluations">;
}

/**
 * Takes in a run's events: a file, a service. Give it to the Trainer among its `callbacks`. What it throws, or rejects
 * with, ends the run.
 *
 * @example
 * ```ts
 * import { logValues, type RunInfo, type TrainerEvent, type TrainerLogger, type TrainerOptions } from "torchwright";
 * class ServiceLogger implements TrainerLogger {
 *   async open({ options, resumed }: RunInfo) { console.log(resumed ? `goes on at ${resumed.step}` : "begins", options); }
 *   async onEvent(event: TrainerEvent) {
 *     const log = logValues(event);
 *     if (log) console.log(log.step, log.values); // { epoch: 0.5, loss: 0.69, learning_rate: 2e-5, … }
 *   }
 *   async close(error?: unknown) { console.log(error === undefined ? "finished" : "failed"); }
 * }
 * const options: TrainerOptions = { callbacks: [new ServiceLogger()] };
 * ```
 */
export interface TrainerLogger {
  /** Before the first event; awaited. */
  open?(run: RunInfo): void | Promise<void>;
  /** Every event in order; the run waits for it. */
  onEvent(event: TrainerEvent): void | Promise<void>;
  /**
   * After the last event, once, where it was opened; awaited. `error` is what the run failed with, undefined where it
   * did not.
   */
  close?(error?: unknown): void | Promise<void>;
}

/** A plain callback as a logger; a logger as it is. */
export function asLogger(listener: TrainerCallback | TrainerLogger): TrainerLogger {
  return typeof listener === "function" ? { onEvent: listener } : listener;
}

/** Numbers of an event under Hugging Face's names. */
export interface LogValues {
  /** Steps done. */
  readonly step: number;
  /** Numbers by Hugging Face's names. */
  readonly values: Readonly<Record<string, number>>;
}

/**
 * The numbers that an event logs, by the names of Hugging Face's Trainer (`loss`, `learning_rate`, `grad_norm`,
 * `eval_loss`, `eval_runtime`, `train_runtime`, …) and ours in their manner; undefined for an event that logs none. NaN
 * and infinity may be among them.
 */
export function logValues(event: TrainerEvent): LogValues | undefined {
  switch (event.type) {
    case "log": {
      const { type: _, step, memory, ...numbers } = event;
      return {
        step,
        values: {
          ...renamed(numbers),
          memory_allocated_bytes: memory.allocatedBytes,
          memory_peak_bytes: memory.peakBytes,
        },
      };
    }
    case "evaluate": {
      const { step, epoch, metrics } = event;
      const { examples, seconds } = metrics;
      const { examples: _examples, seconds: _seconds, ...measured } = scalarMetrics(metrics);
      return {
        step,
        values: {
          epoch,
          ...renamed(measured, "eval_"),
          eval_runtime: seconds,
          eval_samples_per_second: examples / seconds,
        },
      };
    }
    case "end": {
      const { steps, epochs, loss, seconds, examples } = event.history;
      const speed = {
        train_runtime: seconds,
        train_samples_per_second: examples / seconds,
        train_steps_per_second: steps / seconds,
      };
      return { step: steps, values: { epoch: epochs, ...speed, train_loss: loss } };
    }
    default:
      return undefined;
  }
}

/**
 * Names in camelCase become those of Python: `macroF1` is `macro_f1`, as a prefix says `eval_macro_f1`. Any other name
 * stays.
 */
function renamed(numbers: Readonly<Record<string, number>>, prefix = ""): Record<string, number> {
  const python = (name: string): string =>
    /^[a-z][a-zA-Z0-9]*$/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}${python(name)}`, value]));
}
