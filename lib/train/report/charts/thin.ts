/** Fewer points for a curve than a screen can show. */

/** A point, or the mean of several with the least and the greatest of them. */
export interface ThinPoint {
  readonly step: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Points up to which a curve stays as it is, and those that a longer one becomes. */
const MOST = 600;
const STRETCHES = 300;

/**
 * The points of a curve, or the means of stretches of it, in their order; every value lies between some point's ends.
 */
export function thin(points: readonly { readonly step: number; readonly value: number }[]): ThinPoint[] {
  if (points.length <= MOST) return points.map(({ step, value }) => ({ step, value, low: value, high: value }));
  return Array.from({ length: STRETCHES }, (_, stretch) => {
    const from = Math.floor((stretch * points.length) / STRETCHES);
    const end = Math.floor(((stretch + 1) * points.length) / STRETCHES);
    let [low, high, sum, steps] = [Infinity, -Infinity, 0, 0];
    for (let at = from; at < end; at++) {
      const { step, value } = points[at] as { readonly step: number; readonly value: number };
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
      steps += step;
    }
    return { step: steps / (end - from), value: sum / (end - from), low, high };
  });
}
