/**
 * Writes files that `torch.load(file, weights_only=True)` opens; see `read-torch-file.ts` for the format. Tensors go
 * from libtorch to the disk; only checksums pass through JavaScript.
 */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { describe, TorchwrightError } from "../errors";
import { native } from "../native/load";
import { replaceFile } from "../files/replace-file";
import { nativeInContext } from "../tensor/context";
import type { DType } from "../tensor/dtype";
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { type Picklable, type Pickle, writePickle } from "./pickle-writer";
import { storageClassOf, TensorReference } from "./tensor-reference";
import { checksum, PORTION } from "./zip-directory";
import { directory, entryHeader, type StoredEntry } from "./zip-layout";

/** Every file of `torch.save` is one folder; this is the name that PyTorch gives to one written to memory. */
const STORAGES = "archive/data/";
const PICKLE = "archive/data.pkl";
/** Version 3 of the format, which PyTorch writes since 1.6. */
const SMALL_ENTRIES = { "archive/byteorder": "little", "archive/version": "3\n" } as const;

/** A tensor to be written; its strides are asked for here because to ask libtorch waits for queued work. */
export interface TensorToWrite {
  readonly tensor: Tensor;
  readonly strides: readonly number[];
}

/**
 * Writes a file beside its place first, which is then renamed. The tensors' values are those of the time of the call,
 * in the order of queued work.
 *
 * @param build gets references to the tensors, at once, and gives what is pickled; a tensor that it leaves out is not
 *   in the file
 * @throws TorchwrightError ERR_INVALID_ARG, also for a dtype that PyTorch has no class of storages for; ERR_FILE_WRITE
 */
export async function writeTorchFile(
  operation: string,
  path: string,
  tensors: readonly TensorToWrite[],
  build: (references: readonly TensorReference[]) => Promise<Picklable>,
): Promise<void> {
  if (typeof path !== "string" || path === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a file's path, got ${describe(path)}`);
  }
  const references = tensors.map((one, i) => referenceTo(operation, one, i));
  try {
    await replaceFile(path, async (beside) => {
      const layout = layOut(references);
      const contents = writeContents(beside, tensors, references, layout);
      const [value] = await bothDone(build(references), contents);
      await complete(beside, layout, writePickle(value));
    });
  } catch (cause) {
    if (cause instanceof TorchwrightError) throw cause;
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `${operation}: ${path} could not be written: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function referenceTo(operation: string, { tensor, strides }: TensorToWrite, place: number): TensorReference {
  const { dtype, shape } = native().meta(tensor.handle);
  const storageClass = storageClassOf(dtype as DType);
  if (!storageClass) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected tensors of dtypes that torch.save has storages for, got ${dtype}`,
    );
  }
  return new TensorReference(
    { class: storageClass, key: `${place}`, size: shape.reduce((product, size) => product * size, 1) },
    shape,
    strides,
  );
}

/** Where storages lie, the first at the beginning of the file; checksums are not known yet. */
interface Layout {
  readonly storages: readonly { readonly key: string; readonly entry: StoredEntry; readonly header: Buffer }[];
  readonly end: number;
}

function layOut(references: readonly TensorReference[]): Layout {
  let end = 0;
  const storages = references.map(({ storage: { key }, storageBytes }) => {
    const entry = { name: STORAGES + key, crc: 0, size: storageBytes, offset: end };
    const header = entryHeader(entry);
    end += header.length + storageBytes;
    return { key, entry, header };
  });
  return { storages, end };
}

/** Bytes that the writer begins with: the length of a safetensors file's header. */
const RESERVED = 8;

/**
 * Queues the writing of headers and tensors as one task. The writer is that of safetensors files, which puts tensors
 * one behind another: headers are tensors of bytes between them. In place of what it begins with, the first header's
 * bytes are put later.
 */
function writeContents(
  path: string,
  tensors: readonly TensorToWrite[],
  references: readonly TensorReference[],
  { storages }: Layout,
): Promise<number> {
  if (tensors.length === 0) return Promise.resolve(0);
  return scope(() => {
    const bytes = Tensor.from(Buffer.concat(storages.map(({ header }) => header)).subarray(RESERVED));
    const headers = ops.splitWithSizes(
      bytes,
      storages.map(({ header }, i) => header.length - (i === 0 ? RESERVED : 0)),
    );
    const handles = tensors.flatMap(({ tensor }, i) => {
      const { isContiguous, numel } = references[i] as TensorReference;
      // In the order of memory, so that strides hold.
      const contents = isContiguous ? tensor : ops.asStrided(tensor, [numel], [1]);
      return [(headers[i] as Tensor).handle, contents.handle];
    });
    return nativeInContext().writeSafetensors(path, "", handles);
  });
}

/** Adds checksums, the pickle, the small entries and the directory. */
async function complete(path: string, { storages, end }: Layout, pickle: Pickle): Promise<void> {
  const file = await open(path, storages.length > 0 ? "r+" : "w");
  try {
    const entries: StoredEntry[] = [];
    const scratch = Buffer.allocUnsafe(PORTION);
    for (const { key, entry, header } of storages) {
      const whole = { ...entry, crc: await checksum(file, entry.offset + header.length, entry.size, scratch) };
      await file.write(entryHeader(whole), 0, header.length, entry.offset);
      if (pickle.storages.has(key)) entries.push(whole);
    }
    const tail: Buffer[] = [];
    let offset = end;
    for (const [name, content] of Object.entries({ [PICKLE]: pickle.bytes, ...SMALL_ENTRIES })) {
      const bytes = Buffer.from(content);
      const entry = { name, crc: crc32(bytes), size: bytes.length, offset };
      const header = entryHeader(entry);
      entries.push(entry);
      tail.push(header, bytes);
      offset += header.length + bytes.length;
    }
    const last = Buffer.concat([...tail, directory(entries, offset)]);
    await file.write(last, 0, last.length, end);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** As `Promise.all`, but nothing goes on when it fails: what is still being written could not be cleared away. */
async function bothDone<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
