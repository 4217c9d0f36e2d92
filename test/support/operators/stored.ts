/** PyTorch's results as `scripts/golden/operators.py` stores them, and the comparison with ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { libtorchInfo } from "../../../lib/native/load";
import type { OperatorResult } from "../../../lib/tensor/operators";
import { op } from "../../../lib/tensor/operators";
import { Tensor } from "../../../lib/tensor/tensor";
import { GOLDEN } from "../golden";

type Element = number | "nan" | "inf" | "-inf";
/** dtype, shape and elements of a tensor, or another value as it is. */
export type StoredResult =
  readonly [string, readonly number[], readonly Element[]] | number | boolean | null | readonly number[];

export interface StoredOperator {
  readonly digest: string;
  /** By the case's label; "error" where PyTorch refuses it. */
  readonly results: Readonly<Record<string, readonly StoredResult[] | "error">>;
}

export interface StoredOperators {
  readonly torch: string;
  readonly operators: ReadonlyMap<string, StoredOperator>;
}

export function readStored(): StoredOperators {
  const { provenance, ...rest } = JSON.parse(
    gunzipSync(readFileSync(join(GOLDEN, "operators.json.gz"))).toString(),
  ) as {
    readonly provenance: { readonly versions: { readonly torch: string } };
  };
  return { torch: provenance.versions.torch, operators: new Map(Object.entries<StoredOperator>(rest)) };
}

const minor = (version: string): string => version.split(".").slice(0, 2).join(".");

/** Skips tests that hold for the libtorch which the results and lists were made with, and says so in their title. */
export function skipForVersion(context: Mocha.Context, { torch }: StoredOperators): void {
  if (minor(libtorchInfo().version) === minor(torch)) return;
  const runnable = context.currentTest ?? context.test;
  if (runnable) runnable.title += `: skipped, results and lists are those of libtorch ${torch}`;
  context.skip();
}

/**
 * How far ours may lie from the stored: |ours − theirs| ≤ atol + rtol · |theirs|. The same libtorch on another
 * processor adds up in other orders and takes other polynomials, which costs some units in the last place, and more
 * where differences cancel. Integers and booleans are equal.
 */
const TOLERANCE: Readonly<Record<string, { readonly atol: number; readonly rtol: number }>> = {
  float64: { atol: 1e-9, rtol: 1e-8 },
  complex128: { atol: 1e-9, rtol: 1e-8 },
  float32: { atol: 1e-5, rtol: 1e-4 },
  complex64: { atol: 1e-5, rtol: 1e-4 },
  float16: { atol: 2e-3, rtol: 4e-3 },
  complex32: { atol: 2e-3, rtol: 4e-3 },
  bfloat16: { atol: 2e-2, rtol: 2e-2 },
};

function fits(ours: number, theirs: Element, dtype: string): boolean {
  if (theirs === "nan") return Number.isNaN(ours);
  if (theirs === "inf" || theirs === "-inf") return ours === (theirs === "inf" ? Infinity : -Infinity);
  const { atol, rtol } = TOLERANCE[dtype] ?? { atol: 0, rtol: 0 };
  return Math.abs(ours - theirs) <= atol + rtol * Math.abs(theirs);
}

/** Elements row by row, of a complex tensor real and imaginary parts in turn. */
function elementsOf(tensor: Tensor): number[] {
  const plain = op("resolve_neg", [
    op("resolve_conj", [tensor.requiresGrad ? op("detach", [tensor]) : tensor]),
  ]) as Tensor;
  const complex = plain.dtype.startsWith("complex");
  const real = complex ? (op("view_as_real", [plain]) as Tensor) : plain;
  // No typed array holds unsigned integers of more than a byte.
  const readable =
    real.dtype.startsWith("uint") && real.dtype !== "uint8" ? (op("to.dtype", [real, "int64"]) as Tensor) : real;
  return Array.from(readable.toTypedArray(), Number);
}

/**
 * Numbers of dtypes in `c10::ScalarType`, which is how Python's `torch.ops` gives the dtype that `result_type` finds.
 */
const DTYPE_NUMBERS: Readonly<Record<string, number>> = {
  uint8: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  float16: 5,
  float32: 6,
  float64: 7,
  complex32: 8,
  complex64: 9,
  complex128: 10,
  bool: 11,
  bfloat16: 15,
};

/** What differs in one result, or undefined. */
function differenceIn(ours: OperatorResult, theirs: StoredResult): string | undefined {
  if (!(ours instanceof Tensor)) {
    const plain =
      ours === undefined
        ? null
        : typeof ours === "bigint"
          ? Number(ours)
          : typeof ours === "string"
            ? DTYPE_NUMBERS[ours]
            : ours;
    const same =
      typeof plain === "number" && typeof theirs === "number"
        ? fits(plain, theirs, "float64")
        : JSON.stringify(plain) === JSON.stringify(theirs);
    return same ? undefined : `got ${JSON.stringify(plain)}, PyTorch ${JSON.stringify(theirs)}`;
  }
  if (!Array.isArray(theirs)) return `got a tensor, PyTorch ${JSON.stringify(theirs)}`;
  const [dtype, shape, elements] = theirs as unknown as readonly [string, readonly number[], readonly Element[]];
  if (ours.dtype !== dtype || JSON.stringify(ours.shape) !== JSON.stringify(shape)) {
    return `got ${ours.dtype}[${ours.shape.join(", ")}], PyTorch ${dtype}[${shape.join(", ")}]`;
  }
  const values = elementsOf(ours);
  const wrong = elements.findIndex((element, i) => !fits(values[i] ?? NaN, element, dtype));
  if (values.length !== elements.length) return `got ${values.length} elements, PyTorch ${elements.length}`;
  return wrong < 0 ? undefined : `${dtype} element ${wrong}: got ${values[wrong]}, PyTorch ${elements[wrong]}`;
}

/** What differs between our results and the stored ones, or undefined. `only` names the results that are compared. */
export function difference(
  ours: readonly OperatorResult[],
  theirs: readonly StoredResult[],
  only?: readonly number[],
): string | undefined {
  if (ours.length !== theirs.length) return `got ${ours.length} results, PyTorch ${theirs.length}`;
  for (const [i, stored] of theirs.entries()) {
    if (only && !only.includes(i)) continue;
    const found = differenceIn(ours[i], stored);
    if (found) return `result ${i}: ${found}`;
  }
  return undefined;
}
