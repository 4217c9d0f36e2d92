/**
 * What a notebook keeps of a run: rows for its table and points for its curves, in memory that does not grow with the
 * run.
 */
import type { LogEntry } from "../events";

/** A step at which the device was read, the model evaluated, or both. */
export interface RunRow {
  readonly step: number;
  readonly epoch: number;
  readonly log?: LogEntry;
  /** By name, the loss among them. */
  readonly evaluation?: readonly (readonly [name: string, value: number])[];
}

export interface Point {
  readonly step: number;
  readonly loss: number;
}

/** Rows that are kept beside the first. */
const LAST_ROWS = 20;
/** Points of a curve beyond which every second one goes. */
const MOST_POINTS = 400;

export class RunRows {
  /** The first and the last ones, in the order of steps. */
  readonly rows: RunRow[] = [];
  /** Rows that were there between the first and the others. */
  hidden = 0;
  readonly #training = new Curve();
  readonly #evaluation = new Curve();

  /**
   * Takes a row in, whose step is that of the last or a later one. A log and the evaluation of its step are one row.
   */
  take(row: RunRow): void {
    const last = this.rows.at(-1);
    if (last?.step === row.step) this.rows[this.rows.length - 1] = { ...last, ...row };
    else this.rows.push(row);
    if (this.rows.length > LAST_ROWS + 1) {
      this.rows.splice(1, 1);
      this.hidden += 1;
    }
    if (row.log) this.#training.add({ step: row.step, loss: row.log.loss });
    for (const [name, loss] of row.evaluation ?? []) {
      if (name === "loss") this.#evaluation.add({ step: row.step, loss });
    }
  }

  /** Losses of training. */
  get training(): readonly Point[] {
    return this.#training.points;
  }

  /** Losses of evaluations. */
  get evaluation(): readonly Point[] {
    return this.#evaluation.points;
  }
}

/** Every so many-th of the points that are finite, and the last. */
class Curve {
  #kept: Point[] = [];
  #every = 1;
  #count = 0;
  #last: Point | undefined;

  add(point: Point): void {
    if (!Number.isFinite(point.loss)) return;
    this.#last = point;
    if (this.#count++ % this.#every === 0) this.#kept.push(point);
    if (this.#kept.length <= MOST_POINTS) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#every *= 2;
  }

  get points(): readonly Point[] {
    const last = this.#last;
    return last === undefined || this.#kept.at(-1) === last ? this.#kept : [...this.#kept, last];
  }
}
