/**
 * Cuts an epoch's order of rows into batches, and deals them to the processes of a distributed run. Works on row
 * numbers alone.
 */
import { describe, TorchwrightError } from "../../errors";

/** An epoch's batches on this process: rows in order, and where each batch ends. */
export interface EpochPlan {
  readonly order: Uint32Array;
  /** For each batch the position behind its last row. */
  readonly ends: Uint32Array;
}

/** This process's place among those that train together. */
export interface Distributed {
  /** From 0. */
  readonly rank: number;
  /** Number of processes. */
  readonly world: number;
}

/** Checks the option; throws ERR_INVALID_ARG. */
export function checkDistributed(value: Distributed | undefined): Distributed | undefined {
  if (value === undefined) return undefined;
  const { rank, world } = value ?? {};
  if (!Number.isSafeInteger(world) || world < 1) throw invalid("world of at least 1", world);
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= world) throw invalid(`rank from 0 to ${world - 1}`, rank);
  return { rank, world };
}

/** What one row costs where batches are packed by tokens. */
export interface RowSizes {
  /** Tokens of the row's longest window. */
  readonly lengths: Uint32Array;
  /** Windows of the row. */
  readonly windows: Uint32Array;
}

export interface Packing {
  /** Rows per batch. */
  readonly batchSize: number;
  /** Most tokens of a batch, padding included; then `batchSize` is only the upper limit of rows. */
  readonly budget?: { readonly maxTokens: number; readonly multipleOf: number; readonly sizes: RowSizes } | undefined;
  readonly dropLast: boolean;
  readonly distributed?: Distributed | undefined;
}

/**
 * The batches of an epoch.
 *
 * In a distributed run every process has as many steps. With a fixed batch size, rows are dealt in turn and the order's
 * first ones repeated until each process has as many, as PyTorch's `DistributedSampler` does: at most `world - 1` rows
 * come twice. Batches that are packed by tokens are dealt whole, and at most `world - 1` batches come twice. With
 * `dropLast`, nothing is repeated: what does not go round is left out.
 */
export function planEpoch(order: Uint32Array, { batchSize, budget, dropLast, distributed }: Packing): EpochPlan {
  if (!budget) {
    const own = distributed ? deal(Array.from(order), distributed, dropLast) : order;
    const rows = Uint32Array.from(own);
    const count = share(rows.length, batchSize, dropLast);
    return {
      order: rows,
      ends: Uint32Array.from({ length: count }, (_, batch) => Math.min((batch + 1) * batchSize, rows.length)),
    };
  }
  const batches = pack(order, batchSize, budget);
  const own = distributed ? deal(batches, distributed, dropLast) : batches;
  const ends = new Uint32Array(own.length);
  const rows = new Uint32Array(own.reduce((sum, batch) => sum + batch.length, 0));
  let filled = 0;
  own.forEach((batch, i) => {
    rows.set(batch, filled);
    ends[i] = filled += batch.length;
  });
  return { order: rows, ends };
}

/** How many batches a fixed batch size gives. */
export function countBatches(rows: number, { batchSize, dropLast, distributed }: Omit<Packing, "budget">): number {
  const own = share(rows, distributed?.world ?? 1, dropLast);
  return share(own, batchSize, dropLast);
}

function share(items: number, among: number, dropLast: boolean): number {
  return dropLast ? Math.floor(items / among) : Math.ceil(items / among);
}

/** Consecutive rows, as many as fit: a batch takes its longest window's length for each of its windows. */
function pack(
  order: Uint32Array,
  batchSize: number,
  { maxTokens, multipleOf, sizes }: NonNullable<Packing["budget"]>,
): Uint32Array[] {
  const batches: Uint32Array[] = [];
  let start = 0;
  let longest = 0;
  let windows = 0;
  order.forEach((row, at) => {
    const rowWindows = sizes.windows[row] as number;
    const width = Math.max(longest, Math.ceil((sizes.lengths[row] as number) / multipleOf) * multipleOf);
    if (at > start && (width * (windows + rowWindows) > maxTokens || at - start >= batchSize)) {
      batches.push(order.subarray(start, at));
      start = at;
      longest = windows = 0;
    }
    longest = Math.max(longest, Math.ceil((sizes.lengths[row] as number) / multipleOf) * multipleOf);
    windows += rowWindows;
  });
  if (order.length > start) batches.push(order.subarray(start));
  return batches;
}

/** Every `world`-th item from `rank` on, of a list that is a whole multiple of `world` long. */
function deal<T>(items: readonly T[], { rank, world }: Distributed, dropLast: boolean): T[] {
  const each = share(items.length, world, dropLast);
  // Repeated from the start, as often as it takes where there are fewer items than processes.
  return Array.from({ length: items.length === 0 ? 0 : each }, (_, i) => items[(i * world + rank) % items.length] as T);
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `DataLoader: expected distributed.${expected}, got ${describe(got)}`);
}
