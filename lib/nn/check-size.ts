/** Checks of the sizes that layers are made with. */
import { describe, TorchwrightError } from "../errors";

/** @throws TorchwrightError ERR_INVALID_ARG unless `size` is an integer of at least 0 */
export function checkSize(layer: string, name: string, size: number): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${layer}: expected ${name} to be a whole number of at least 0, got ${describe(size)}`,
  );
}
