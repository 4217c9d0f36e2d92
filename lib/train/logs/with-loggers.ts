/** Opens loggers around a run and closes them however it ends. */
import type { RunInfo, TrainerLogger } from "./trainer-logger";

/**
 * Runs `work` between opening the loggers and closing those that were opened, the last one first. All are closed,
 * whatever one of them throws; what failed first is thrown.
 */
export async function withLoggers<T>(
  loggers: readonly TrainerLogger[],
  run: RunInfo,
  work: () => Promise<T>,
): Promise<T> {
  const opened: TrainerLogger[] = [];
  let result: T;
  try {
    for (const logger of loggers) {
      await logger.open?.(run);
      opened.push(logger);
    }
    result = await work();
  } catch (error) {
    await closeAll(opened, error);
    throw error;
  }
  const [failure] = await closeAll(opened);
  if (failure) throw failure.reason;
  return result;
}

async function closeAll(opened: readonly TrainerLogger[], error?: unknown): Promise<{ readonly reason: unknown }[]> {
  const failures: { readonly reason: unknown }[] = [];
  for (const logger of [...opened].reverse()) {
    try {
      await logger.close?.(error);
    } catch (reason) {
      failures.push({ reason });
    }
  }
  return failures;
}
