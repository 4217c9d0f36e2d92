/** JavaScript's values as elements of a dtype: what fits, what is an error, and which typed array carries it. */
import { describe, TorchwrightError } from "../errors";
import type { ArrayForm, TypedArray } from "../native/values";
import type { Complex } from "./complex";
import { isComplex } from "./complex";
import type { DType } from "./dtype";
import { integerRange, isComplexDtype } from "./dtype";

/** One element of nested arrays. */
export type Element = number | bigint | boolean | Complex;

/** Elements on their way into a tensor of `dtype`. */
export interface Encoded {
  readonly values: TypedArray | Uint8ClampedArray;
  readonly dtype: DType;
  readonly form: ArrayForm;
}

type Kind = "number" | "bigint" | "boolean" | "complex";

const DEFAULTS: Readonly<Record<Kind, DType>> = {
  number: "float32",
  bigint: "int64",
  boolean: "bool",
  complex: "complex64",
};

/**
 * Elements of one kind (complex numbers may be mixed with real ones) as a typed array for `dtype`, by default
 * the kind's own.
 *
 * @param where says where the element with a flat index stands, for messages
 */
export function encode(
  elements: readonly Element[],
  dtype: DType | undefined,
  where: (index: number) => string,
): Encoded {
  const kind = kindOf(elements, where);
  const target = dtype ?? DEFAULTS[kind];
  if (kind === "complex") {
    return { values: interleave(elements as (number | Complex)[], target), dtype: target, form: "pairs" };
  }
  if (kind === "boolean") {
    return { values: Uint8Array.from(elements as boolean[], Number), dtype: target, form: "values" };
  }
  if (target === "bool") {
    return {
      values: Uint8Array.from(elements, (value) => (Number(value) === 0 ? 0 : 1)),
      dtype: target,
      form: "values",
    };
  }
  const range = integerRange(target);
  // Doubles carry safe integers, and what becomes float32, exactly.
  if (!range) return { values: Float64Array.from(elements, Number), dtype: target, form: "values" };
  checkIntegers(elements as (number | bigint)[], target, where);
  if (kind === "number") return { values: Float64Array.from(elements as number[]), dtype: target, form: "values" };
  const values =
    target === "uint64" ? BigUint64Array.from(elements as bigint[]) : BigInt64Array.from(elements as bigint[]);
  return { values, dtype: target, form: "values" };
}

/**
 * Refuses what an integral dtype cannot hold: fractions, unsafe numbers, values out of its range. Nothing is
 * checked for other dtypes.
 *
 * @throws TorchwrightError ERR_INVALID_ARG, which names the value and where it stands
 */
export function checkIntegers(
  elements: ArrayLike<number | bigint>,
  dtype: DType,
  where: (index: number) => string,
): void {
  const range = integerRange(dtype);
  if (!range) return;
  const [least, most] = range;
  const [low, high] = [Number(least), Number(most)];
  for (let i = 0; i < elements.length; i += 1) {
    const value = elements[i] ?? 0;
    const fits =
      typeof value === "number"
        ? Number.isSafeInteger(value) && value >= low && value <= high
        : value >= least && value <= most;
    if (fits) continue;
    const expected =
      typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
        ? "safe integers, or bigints,"
        : "integers";
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tensor.from: expected ${expected} from ${least} to ${most} for ${dtype}, got ${describe(value)} ${where(i)}`,
    );
  }
}

function kindOf(elements: readonly Element[], where: (index: number) => string): Kind {
  const kinds = new Set<Kind>();
  for (const element of elements) kinds.add(elementKind(element));
  if (kinds.has("complex") && kinds.has("number")) kinds.delete("number");
  const [kind = "number", other] = kinds;
  if (other !== undefined) {
    const odd = elements.findIndex((element) => elementKind(element) === other);
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tensor.from: expected elements of one kind (${kind}), got ${describe(elements[odd])} ${where(odd)}`,
    );
  }
  return kind;
}

function elementKind(element: Element): Kind {
  return isComplex(element) ? "complex" : (typeof element as Kind);
}

function interleave(elements: readonly (number | Complex)[], dtype: DType): Float64Array {
  if (!isComplexDtype(dtype)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `Tensor.from: expected a complex dtype for { re, im }, got ${dtype}`);
  }
  const values = new Float64Array(elements.length * 2);
  elements.forEach((element, i) => {
    values[2 * i] = typeof element === "number" ? element : element.re;
    values[2 * i + 1] = typeof element === "number" ? 0 : element.im;
  });
  return values;
}
