/** A run for TensorBoard, under the names that Hugging Face's Trainer gives its values. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TrainerEvent } from "../events";
import { SummaryWriter } from "./summary-writer";
import { logValues, type RunInfo, type TrainerLogger } from "./trainer-logger";
import { writing } from "./writing";

/** A run's folder: the time of its start, which sorts and is a name everywhere. */
const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;

/**
 * Writes TensorBoard's event files: `train/loss`, `train/learning_rate`, `train/grad_norm`, `eval/loss`,
 * `eval/accuracy`, …, and the settings as the text `args`. Each run has a folder of its own, `<folder>/<start>`; one
 * that goes on writes another file into the newest of them, and TensorBoard then hides what was logged behind the step
 * that it goes on from.
 */
export class TensorBoardLogger implements TrainerLogger {
  readonly #folder: string;
  #writer: SummaryWriter | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open({ options, resumed }: RunInfo): Promise<void> {
    const own = join(this.#folder, new Date().toISOString().replaceAll(":", "-"));
    if (resumed) {
      const newest = (await runsIn(this.#folder)).at(-1);
      this.#writer = new SummaryWriter(newest ?? own, { purgeStep: resumed.step + 1 });
    } else {
      this.#writer = new SummaryWriter(own);
      this.#writer.addText("args", JSON.stringify(options, null, 2));
    }
    await this.#writer.flush();
  }

  async onEvent(event: TrainerEvent): Promise<void> {
    const log = logValues(event);
    if (!log) return;
    for (const [name, value] of Object.entries(log.values)) {
      this.#writer?.addScalar(
        name.startsWith("eval_") ? `eval/${name.slice("eval_".length)}` : `train/${name}`,
        value,
        log.step,
      );
    }
    await this.#writer?.flush();
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }
}

async function runsIn(folder: string): Promise<string[]> {
  return writing(folder, async () => {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    return names
      .filter((name) => NAME.test(name))
      .sort()
      .map((name) => join(folder, name));
  });
}
