/** Safetensors files: validated reading, streaming writing. Source: the format's specification by Hugging Face. */
import { open } from "node:fs/promises";
import { TorchwrightError } from "../errors";
import type { SafetensorsEntry } from "../native/requests";
import { nativeInContext } from "../tensor/context";
import type { DType } from "../tensor/dtype";
import type { Tensor } from "../tensor/tensor";
import { wrap } from "../tensor/tensor";

/** The specification's limit; it keeps a damaged length from asking for all memory. */
const MAX_HEADER_BYTES = 100_000_000;

/** The name under which a header has what is no tensor. */
const METADATA = "__metadata__";

const DTYPES: Readonly<Record<string, { readonly dtype: DType; readonly bytes: number }>> = {
  F64: { dtype: "float64", bytes: 8 },
  F32: { dtype: "float32", bytes: 4 },
  F16: { dtype: "float16", bytes: 2 },
  BF16: { dtype: "bfloat16", bytes: 2 },
  I64: { dtype: "int64", bytes: 8 },
  I32: { dtype: "int32", bytes: 4 },
  I16: { dtype: "int16", bytes: 2 },
  I8: { dtype: "int8", bytes: 1 },
  U64: { dtype: "uint64", bytes: 8 },
  U32: { dtype: "uint32", bytes: 4 },
  U16: { dtype: "uint16", bytes: 2 },
  U8: { dtype: "uint8", bytes: 1 },
  C64: { dtype: "complex64", bytes: 8 },
  BOOL: { dtype: "bool", bytes: 1 },
};

/** Of the format, and without tensors here. */
const FURTHER_DTYPES = /^F[4-8]_\w+$/;

function invalid(file: string, why: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_SAFETENSORS_INVALID",
    `${file}: expected a safetensors file, but ${why}. It may be damaged or cut short: fetch or save it again.`,
  );
}

/**
 * Reads and validates the header: its length, JSON, dtypes, shapes, and that the data sections lie in the
 * file without overlap or gap.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_SAFETENSORS_INVALID, ERR_UNKNOWN_DTYPE
 */
export async function readHeader(file: string): Promise<readonly SafetensorsEntry[]> {
  let handle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "ERR_FILE_NOT_FOUND" : "ERR_FILE_READ";
    throw new TorchwrightError(code, `${file}: expected a file: ${(cause as Error).message}`, { cause });
  }
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(8);
    if ((await handle.read(start, 0, 8, 0)).bytesRead < 8) throw invalid(file, `it has only ${size} bytes`);
    const length = start.readBigUInt64LE();
    if (length > MAX_HEADER_BYTES) {
      throw invalid(file, `its header claims ${length} bytes, more than ${MAX_HEADER_BYTES}`);
    }
    // Before memory is taken for it: a damaged length may be anything.
    if (Number(length) > size - 8) throw invalid(file, `it ends within its header of ${length} bytes`);
    const header = Buffer.alloc(Number(length));
    if ((await handle.read(header, 0, header.length, 8)).bytesRead < header.length) {
      throw invalid(file, `it ends within its header of ${length} bytes`);
    }
    return parseHeader(file, header, 8 + header.length, size);
  } catch (error) {
    if (error instanceof TorchwrightError) throw error;
    throw new TorchwrightError("ERR_FILE_READ", `${file}: could not be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

function parseHeader(file: string, header: Buffer, dataStart: number, size: number): readonly SafetensorsEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch (cause) {
    throw invalid(file, `its header is not JSON (${(cause as Error).message})`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid(file, "its header is no object");
  }
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === METADATA) continue;
    entries.push(parseEntry(file, name, value, dataStart, size));
  }
  let end = dataStart;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (entry.offset !== end) throw invalid(file, `the data of "${entry.name}" overlaps another's or leaves a gap`);
    end = entry.offset + entry.bytes;
  }
  if (end !== size) throw invalid(file, `its tensors end at byte ${end}, the file at ${size}`);
  return entries;
}

function parseEntry(file: string, name: string, value: unknown, dataStart: number, size: number): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const known = typeof dtype === "string" && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (!known && typeof dtype === "string" && FURTHER_DTYPES.test(dtype)) {
    throw new TorchwrightError(
      "ERR_UNKNOWN_DTYPE",
      `${file}: expected dtypes among ${Object.keys(DTYPES).join(", ")}, got ${dtype} for "${name}"`,
    );
  }
  if (!known) throw invalid(file, `"${name}" has the dtype ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) throw invalid(file, `"${name}" has no proper shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(file, `"${name}" has no proper data_offsets`);
  const [begin = 0, end = 0] = offsets;
  const bytes = shape.reduce((product, one) => product * one, known.bytes);
  if (end - begin !== bytes) {
    throw invalid(file, `the data of "${name}" has ${end - begin} bytes, its shape and dtype need ${bytes}`);
  }
  if (dataStart + end > size) {
    throw invalid(file, `the data of "${name}" ends at byte ${dataStart + end}, the file at ${size}`);
  }
  return { name, dtype: known.dtype, shape, offset: dataStart + begin, bytes };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

/** Reads tensors off the JavaScript thread, in the entries' order, onto the CPU; the caller or scope owns them. */
export async function readTensors(file: string, entries: readonly SafetensorsEntry[]): Promise<Tensor[]> {
  return (await nativeInContext().readSafetensors(file, entries)).map(wrap);
}

/**
 * Writes tensors with metadata `format: "pt"`, as Hugging Face expects, flushed to the disk.
 *
 * @throws TorchwrightError ERR_FILE_WRITE; ERR_INVALID_ARG for a dtype or a name that the format lacks, and for tensors
 *   whose dtype queued work changed meanwhile
 */
export async function writeSafetensors(file: string, tensors: readonly (readonly [string, Tensor])[]): Promise<void> {
  const header: [string, unknown][] = [[METADATA, { format: "pt" }]];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    if (name === METADATA) {
      throw new TorchwrightError("ERR_INVALID_ARG", `save: expected tensors of other names than ${METADATA}`);
    }
    const entry = Object.entries(DTYPES).find(([, known]) => known.dtype === tensor.dtype);
    if (!entry) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `save: ${name} is ${tensor.dtype}, which safetensors does not have`,
      );
    }
    const [dtype, { bytes }] = entry;
    const end = offset + tensor.numel * bytes;
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = JSON.stringify(Object.fromEntries(header));
  // Padded with spaces, so that the data begins aligned to 8 bytes.
  const padded = json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8);
  const written = await nativeInContext().writeSafetensors(
    file,
    padded,
    tensors.map(([, { handle }]) => handle),
  );
  const expected = 8 + Buffer.byteLength(padded) + offset;
  if (written !== expected) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `save: expected ${expected} bytes, got ${written}: the dtype of a tensor was being changed; await that first`,
    );
  }
}
