/** A run as a table: one row for each log and each evaluation. */
import { appendFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../../files/make-folder";
import { replaceFile } from "../../files/replace-file";
import type { TrainerEvent } from "../events";
import { type LogValues, logValues, type RunInfo, type TrainerLogger } from "./trainer-logger";
import { writing } from "./writing";

/** Columns that every file has; an evaluation's other metrics follow. */
const COLUMNS = [
  "step",
  "epoch",
  "loss",
  "learning_rate",
  "grad_norm",
  "skipped_steps",
  "examples_per_second",
  "tokens_per_second",
  "padding_share",
  "memory_allocated_bytes",
  "memory_peak_bytes",
  "eval_loss",
  "eval_runtime",
  "eval_samples_per_second",
] as const;

/** Rows that are written in one go, so that no other work waits long. */
const SLICE = 1000;

/**
 * Writes a CSV file (RFC 4180): a header, and one row for each log and each evaluation, with the names of `logValues`.
 * A metric that comes later than the header adds a column to all of it. A run that goes on writes what its checkpoint
 * knows and appends; one that begins anew puts a file that is there aside, `superseded-<name>`.
 */
export class CsvLogger implements TrainerLogger {
  readonly #path: string;
  readonly #columns: string[] = [...COLUMNS];
  readonly #rows: LogValues[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async open({ resumed }: RunInfo): Promise<void> {
    await writing(this.#path, async () => {
      await makeFolder(dirname(this.#path));
      if (!resumed) await setAside(this.#path);
    });
    const past = [
      ...(resumed?.log ?? []).map((entry) => ({ type: "log" as const, ...entry })),
      ...(resumed?.evaluations ?? []).map((entry) => ({ type: "evaluate" as const, ...entry })),
    ];
    // Sorting keeps the order of equals: an evaluation comes behind the log of its step.
    for (const event of past.sort((a, b) => a.step - b.step)) this.#take(event);
    await this.#writeAll();
  }

  async onEvent(event: TrainerEvent): Promise<void> {
    if (event.type !== "log" && event.type !== "evaluate") return;
    const columns = this.#columns.length;
    const row = this.#take(event);
    if (this.#columns.length > columns) await this.#writeAll();
    else await writing(this.#path, () => appendFile(this.#path, this.#format(row)));
  }

  #take(event: TrainerEvent): LogValues {
    const row = logValues(event) as LogValues; // of logs and evaluations
    this.#rows.push(row);
    this.#columns.push(...Object.keys(row.values).filter((name) => !this.#columns.includes(name)));
    return row;
  }

  #format({ step, values }: LogValues): string {
    return line(this.#columns.map((name) => String(name === "step" ? step : (values[name] ?? ""))));
  }

  /** The whole file anew; a reader sees the old one or the new one. */
  async #writeAll(): Promise<void> {
    const write = async (beside: string): Promise<void> => {
      await writeFile(beside, line(this.#columns.map(quote)));
      for (let from = 0; from < this.#rows.length; from += SLICE) {
        await appendFile(
          beside,
          this.#rows
            .slice(from, from + SLICE)
            .map((row) => this.#format(row))
            .join(""),
        );
      }
    };
    await writing(this.#path, () => replaceFile(this.#path, write));
  }
}

function line(fields: readonly string[]): string {
  return `${fields.join(",")}\r\n`;
}

/** Names of metrics are whatever someone called them; numbers need no quotes. */
function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

async function setAside(path: string): Promise<void> {
  await rename(path, join(dirname(path), `superseded-${basename(path)}`)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}
