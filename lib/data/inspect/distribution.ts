/** Percentiles and histograms of lengths. */
import type { Bin, Distribution, TruncationCount } from "./report";

const PERCENTILES = [5, 25, 50, 75, 90, 95, 99] as const;
/** Ranges of a histogram, at most, before the one for all that is longer. */
const BINS = 20;

/** How lengths, of which there is at least one, are spread. */
export function distributionOf(lengths: Uint32Array): Distribution {
  const sorted = lengths.slice().sort();
  const min = sorted[0] as number;
  const max = sorted[sorted.length - 1] as number;
  const entries = PERCENTILES.map((percent) => [`p${percent}`, percentile(sorted, percent)] as const);
  return {
    min,
    max,
    mean: sorted.reduce((sum, length) => sum + length, 0) / sorted.length,
    percentiles: Object.fromEntries(entries) as Distribution["percentiles"],
    histogram: histogram(sorted, Math.ceil(percentile(sorted, 99))),
  };
}

/** The value below which a percentage of sorted values lies, by numpy's default definition (`linear`). */
export function percentile(sorted: Uint32Array, percent: number): number {
  const position = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

/** Rows that are longer than each limit. */
export function truncations(lengths: Uint32Array, maxLengths: readonly number[]): TruncationCount[] {
  return maxLengths.map((maxLength) => {
    const rows = lengths.reduce((count, length) => count + (length > maxLength ? 1 : 0), 0);
    return { maxLength, rows, share: rows / lengths.length };
  });
}

function histogram(sorted: Uint32Array, last: number): Bin[] {
  const min = sorted[0] as number;
  const max = sorted[sorted.length - 1] as number;
  const width = Math.ceil((last - min + 1) / BINS);
  const bins: { from: number; to: number; rows: number }[] = [];
  for (let from = min; from <= last; from += width) bins.push({ from, to: from + width - 1, rows: 0 });
  const end = min + bins.length * width;
  if (max >= end) bins.push({ from: end, to: max, rows: 0 });
  for (const length of sorted) {
    const bin = bins[Math.min(bins.length - 1, Math.floor((length - min) / width))];
    if (bin) bin.rows++;
  }
  return bins;
}
