/** Feeds a loader from a stream: rows as they come, so many to a batch. */
import { TorchwrightError } from "../../errors";
import type { Example } from "../example";
import type { IterableDataset } from "../iterable-dataset";
import { checkProblemType, type ProblemType } from "../problem-type";
import { describePlace, type Place } from "../sources/source-row";
import { RowReader } from "../text-row";
import type { Feed, Group } from "./group";
import type { Distributed } from "./plan";

export interface StreamFeedOptions {
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly distributed: Distributed | undefined;
  readonly problemType: ProblemType | undefined;
}

export class StreamFeed implements Feed {
  readonly description: string;
  readonly length = undefined;
  readonly #dataset: IterableDataset<unknown>;
  readonly #options: StreamFeedOptions;
  #problemType: ProblemType | undefined;

  constructor(dataset: IterableDataset<unknown>, options: StreamFeedOptions) {
    this.#dataset = dataset;
    this.#options = options;
    checkProblemType("DataLoader", options.problemType);
    const { batchSize, dropLast, distributed } = options;
    this.description = [
      "a stream",
      `batchSize ${batchSize}`,
      ...(dropLast ? ["dropLast"] : []),
      ...(distributed ? [`rank ${distributed.rank} of ${distributed.world}`] : []),
    ].join("; ");
  }

  /** What the labels are: known from the first row on. */
  get problemType(): ProblemType | undefined {
    return this.#problemType;
  }

  async count(): Promise<undefined> {
    return undefined;
  }

  /** To go on from a batch, the rows before it are read and left out: the only way that is exact for every source. */
  async *groups(epoch: number, from: number): AsyncGenerator<Group, void, void> {
    const { batchSize, dropLast } = this.#options;
    const reader = new RowReader(this.#options.problemType);
    let skip = from * batchSize;
    let group = new GrowingGroup();
    for await (const { row, place, index } of this.#own(epoch)) {
      const where = describePlace(place);
      // Also of rows that are skipped: the first one decides what labels are.
      const example = reader.read(
        row,
        where,
        (what) => new TorchwrightError("ERR_BAD_ROW", `DataLoader: ${what} in ${where}`),
      );
      this.#problemType ??= reader.problemType;
      if (skip > 0) {
        skip--;
        continue;
      }
      group.add(example, index, place);
      if (group.size < batchSize) continue;
      yield group.finish();
      group = new GrowingGroup();
    }
    if (group.size > 0 && !dropLast) yield group.finish();
  }

  /**
   * This process's rows with their running numbers: one of each `world` rows. Where the last rows do not go round they
   * are repeated (with `dropLast` left out), so that every process has as many.
   */
  async *#own(epoch: number): AsyncGenerator<{ row: unknown; place: Place; index: number }, void, void> {
    const { rank, world } = this.#options.distributed ?? { rank: 0, world: 1 };
    let round: { row: unknown; place: Place; index: number }[] = [];
    let index = 0;
    for await (const chunk of this.#dataset.chunks(epoch)) {
      for (const { row, place } of chunk) {
        round.push({ row, place, index: index++ });
        if (round.length < world) continue;
        yield round[rank] as (typeof round)[number];
        round = [];
      }
    }
    if (round.length > 0 && !this.#options.dropLast) yield round[rank % round.length] as (typeof round)[number];
  }
}

class GrowingGroup {
  readonly #examples: Example[] = [];
  readonly #indices: number[] = [];
  readonly #places: Place[] = [];

  get size(): number {
    return this.#examples.length;
  }

  add(example: Example, index: number, place: Place): void {
    this.#examples.push(example);
    this.#indices.push(index);
    this.#places.push(place);
  }

  finish(): Group {
    return {
      examples: this.#examples,
      indices: Uint32Array.from(this.#indices),
      place: (at) => describePlace(this.#places[at] as Place),
    };
  }
}
