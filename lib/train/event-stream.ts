/** A run's events as a loop: the run waits while the loop's body holds one, and leaving the loop stops the run. */
import type { TrainerCallback, TrainerEvent } from "./events";

/** An event that someone holds, and what lets the run go on. */
interface Held {
  readonly event: TrainerEvent;
  readonly release: () => void;
}

/**
 * Events in order, one at a time. The run begins with the first that is asked for and waits until the next one is. To
 * leave the loop aborts the run: it finishes its step, writes its checkpoint, and is over when the loop is. Errors of
 * the run are thrown from the loop; its result is what the generator returns.
 *
 * @param start begins a run that awaits the listener with every event and ends once the signal is aborted
 */
export async function* eventStream<T>(
  start: (listener: TrainerCallback, signal: AbortSignal) => Promise<T>,
): AsyncGenerator<TrainerEvent, T, void> {
  const controller = new AbortController();
  let listening = true;
  let arrive: (held: Held | undefined) => void;
  const next = (): Promise<Held | undefined> => new Promise((resolve) => (arrive = resolve));
  let coming = next();
  const run = start(
    (event) => (listening ? new Promise((release) => arrive({ event, release })) : undefined),
    controller.signal,
  );
  const over = (): void => arrive(undefined);
  run.then(over, over);
  let held: Held | undefined;
  try {
    while ((held = await coming)) {
      coming = next(); // before the run may go on
      yield held.event;
      held.release();
    }
  } finally {
    listening = false;
    controller.abort(); // nothing to a run that is over
    held?.release();
    await run; // throws what it failed with
  }
  return run;
}
