/** A run as it happens, one line of JSON for each event but single steps. */
import { appendFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../../files/make-folder";
import type { TrainerEvent } from "../events";
import { scalarMetrics } from "../evaluation";
import type { TrainerLogger } from "./trainer-logger";
import { writing } from "./writing";

/**
 * Appends to a file of JSON Lines: each event with its time, a matrix or a history in it left out. A line `run` stands
 * before those of each `fit`, so that one file tells of all of them; `resume` says the step that a run goes on from.
 * JSON has no NaN: it is null.
 */
export class JsonlLogger implements TrainerLogger {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    await writing(this.#path, () => makeFolder(dirname(this.#path)));
    await this.#append({ type: "run" });
  }

  async onEvent(event: TrainerEvent): Promise<void> {
    if (event.type === "step") return; // thousands of lines that say nothing
    if (event.type === "evaluate") return this.#append({ ...event, metrics: scalarMetrics(event.metrics) });
    if (event.type !== "end") return this.#append(event);
    const { log: _log, evaluations: _evaluations, ...summary } = event.history;
    await this.#append({ type: "end", ...summary });
  }

  async #append(entry: object): Promise<void> {
    const line = JSON.stringify({ time: new Date().toISOString(), ...entry });
    await writing(this.#path, () => appendFile(this.#path, `${line}\n`));
  }
}
