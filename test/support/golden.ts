/** Reads the files in `test/golden`, which Python wrote, without any code of the library that they test. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Batch } from "../../lib/data/batch";
import { op } from "../../lib/tensor/operators";
import { Tensor } from "../../lib/tensor/tensor";

export const GOLDEN = join(__dirname, "..", "golden");

/** A batch as `scripts/golden/common.py` writes it. */
export interface GoldenBatch {
  readonly inputIds: readonly number[][];
  readonly attentionMask: readonly number[][];
  readonly tokenTypeIds: readonly number[][];
  readonly labels: readonly number[];
}

export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as T;
}

/** The batch as tensors; the caller disposes it, or makes it in a scope. */
export function toBatch(golden: GoldenBatch): Batch & { readonly labels: Tensor } {
  const int64 = (data: readonly number[] | readonly number[][]): Tensor => Tensor.from(data, { dtype: "int64" });
  const inputIds = int64(golden.inputIds);
  const attentionMask = int64(golden.attentionMask);
  const tokenTypeIds = int64(golden.tokenTypeIds);
  const labels = int64(golden.labels);
  const rows = golden.labels.length;
  return {
    inputIds,
    attentionMask,
    tokenTypeIds,
    labels,
    indices: Uint32Array.from({ length: rows }, (_, row) => row),
    size: rows,
    tokens: golden.attentionMask.flat().reduce((sum, one) => sum + one, 0),
    padded: golden.inputIds.flat().length,
    dispose: () => [inputIds, attentionMask, tokenTypeIds, labels].forEach((tensor) => tensor.dispose()),
  };
}

/** One tensor of a safetensors file, still as bytes. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** https://huggingface.co/docs/safetensors: 8 bytes of header length, a JSON header, the data. */
export function readSafetensors(file: string): Map<string, StoredTensor> {
  const content = readFileSync(file);
  const start = 8 + Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString("utf8", 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const { __metadata__: _metadata, ...tensors } = header;
  return new Map(
    Object.entries(tensors).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { dtype, shape, bytes: new Uint8Array(content.subarray(start + from, start + to)) }],
    ),
  );
}

export function writeSafetensors(file: string, tensors: ReadonlyMap<string, StoredTensor>): void {
  let end = 0;
  const header: Record<string, object> = {};
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, ...[...tensors.values()].map(({ bytes }) => bytes)]));
}

/** The values of a float32 tensor. */
export function float32({ dtype, bytes }: StoredTensor): Float32Array {
  if (dtype !== "F32") throw new Error(`golden file: expected F32, got ${dtype}`);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Largest absolute difference; infinite where lengths differ or a value is not a number. */
export function largestDifference(ours: ArrayLike<number | bigint>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < theirs.length; i++) {
    const difference = Math.abs(Number(ours[i]) - (theirs[i] as number));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

export const largestMagnitude = (values: ArrayLike<number>): number =>
  largestDifference(new Float32Array(values.length), values);

/**
 * Whether this libtorch draws the random numbers that the golden runs with dropout saw. CPU draws go through MKL
 * where a build has it; another build has another stream, and then runs with dropout cannot be compared by file.
 */
export function drawsLike(probe: readonly number[]): boolean {
  const ones = Tensor.from(new Float32Array(probe.length).fill(1));
  const drawn = op("dropout", [ones, 0.1, true]) as Tensor;
  const same = largestDifference(drawn.toTypedArray(), probe) < 1e-6;
  ones.dispose();
  drawn.dispose();
  return same;
}

/** Skips a test whose expected numbers hold for other dropout masks, and says so in its title. */
export function skipForDraws(context: Mocha.Context): never {
  if (context.test) context.test.title += ": skipped, libtorch draws other dropout masks on this processor";
  return context.skip();
}
