/** What becomes of a call's result. */
import { op } from "../../lib/tensor/operators";
import { Tensor } from "../../lib/tensor/tensor";
import type { Random } from "./random";

/** Uses a result as a program would: a wrong one may only show when it is read. */
export function exercise(random: Random, result: unknown): unknown {
  const first = (Array.isArray(result) ? result[0] : result) as unknown;
  if (!(first instanceof Tensor) || !random.chance(30)) return result;
  switch (random.below(5)) {
    case 0:
      return first.numel < 1e5 ? first.toArray() : undefined;
    case 1:
      return first.numel < 1e5 ? first.read() : undefined;
    case 2:
      return String(first);
    case 3:
      return first.numel === 1 ? first.item() : first.shape;
    default: {
      if (!first.requiresGrad || first.numel > 1e6) return undefined;
      const sum = op("sum", [op("real", [first])]) as Tensor;
      return sum.backward();
    }
  }
}
