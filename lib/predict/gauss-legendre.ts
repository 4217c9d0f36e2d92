/** Points and weights that integrate smooth functions over [0, 1]. */

export interface Quadrature {
  /** In (0, 1), ascending. */
  readonly points: Float64Array;
  /** Sum to 1. */
  readonly weights: Float64Array;
}

/**
 * Gauss-Legendre quadrature: exact for polynomials of degree up to 2 · count − 1. The points are the roots of the
 * Legendre polynomial, found by Newton's method; as `numpy.polynomial.legendre.leggauss`, moved from [−1, 1] to [0, 1].
 */
export function gaussLegendre(count: number): Quadrature {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let root = -Math.cos((Math.PI * (i + 0.75)) / (count + 0.5)); // close enough to converge
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      const [value, before] = legendre(count, root);
      slope = (count * (root * value - before)) / (root * root - 1);
      const change = value / slope;
      root -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    points[i] = (1 + root) / 2;
    weights[i] = 1 / ((1 - root * root) * slope * slope);
  }
  return { points, weights };
}

/** The Legendre polynomials of a degree and of the one below, by their recurrence. */
function legendre(degree: number, x: number): readonly [value: number, before: number] {
  let [value, before] = [1, 0];
  for (let n = 1; n <= degree; n++) [value, before] = [((2 * n - 1) * x * value - (n - 1) * before) / n, value];
  return [value, before];
}
