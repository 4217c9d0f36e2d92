/** Pairs of texts that share a band, which are the ones worth comparing. */
import type { Breather } from "./breather";

/** Rows and pairs that are gone through between two looks at the clock. */
const AT_ONCE = 64;

/**
 * Calls `visit` once for each pair that has a band's key in common. `keys` is `[texts, bands]`. The order depends on
 * the keys alone.
 */
export async function forEachCandidate(
  keys: Uint32Array,
  bands: number,
  breather: Breather,
  visit: (earlier: number, later: number) => void,
): Promise<void> {
  const texts = keys.length / bands;
  // Chained hash tables in typed arrays: a Map of this size would stop the event loop whenever it grows.
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, texts)) + 1);
  const latest = new Int32Array(slots);
  const previous = new Int32Array(texts);
  const keyOf = (text: number, band: number): number => keys[text * bands + band] as number;
  const metBefore = (a: number, b: number, band: number): boolean => {
    for (let other = 0; other < band; other++) if (keyOf(a, other) === keyOf(b, other)) return true;
    return false;
  };
  let steps = 0;
  for (let band = 0; band < bands; band++) {
    latest.fill(-1);
    for (let later = 0; later < texts; later++) {
      const key = keyOf(later, band);
      const slot = key & (slots - 1);
      previous[later] = latest[slot] as number;
      latest[slot] = later;
      for (let earlier = previous[later] as number; earlier >= 0; earlier = previous[earlier] as number) {
        if (++steps % AT_ONCE === 0 && breather.due) await breather.pause();
        if (keyOf(earlier, band) === key && !metBefore(earlier, later, band)) visit(earlier, later);
      }
      if (++steps % AT_ONCE === 0 && breather.due) await breather.pause();
    }
  }
}
