/** Complex numbers as JavaScript objects. */
import type { ComplexParts } from "../native/values";

/** A complex number: real and imaginary part. */
export type Complex = ComplexParts;

/** Whether a value is `{ re, im }` with two numbers. */
export function isComplex(value: unknown): value is Complex {
  if (typeof value !== "object" || value === null) return false;
  const { re, im } = value as Partial<Complex>;
  return typeof re === "number" && typeof im === "number";
}
