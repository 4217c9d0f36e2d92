/** What a way of showing progress is. */
import type { TrainerEvent } from "./events";
import type { RunInfo, TrainerLogger } from "./logs/trainer-logger";

/** One way of showing a run, and work that is counted in batches. */
export interface ProgressDisplay extends TrainerLogger {
  open?(run: RunInfo): void;
  onEvent(event: TrainerEvent): void;
  /** An evaluation or prediction, which has no schedule and no loss to show. */
  batches(operation: string, done: number, total: number): void;
  /** The last state is shown and nothing stays open; safe to call twice. */
  close(error?: unknown): void;
}
