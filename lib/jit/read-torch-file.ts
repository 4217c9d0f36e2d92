/**
 * Reads files of `torch.save` as data: a zip archive with a pickle, `data.pkl`, and a stored entry for each tensor's
 * storage, `data/<key>`. Source: `torch/serialization.py`.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { describe, TorchwrightError } from "../errors";
import { nativeInContext } from "../tensor/context";
import { ops } from "../tensor/ops";
import { type Tensor, wrap } from "../tensor/tensor";
import { readPickle, type Unpickled } from "./pickle-reader";
import type { TensorReference } from "./tensor-reference";
import { readDirectory, STORED, verifyEntry, type ZipSource, zipSource } from "./zip-directory";

/** How a file from before PyTorch 1.6 begins: a pickle of its magic number. */
const LEGACY = Buffer.from([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]);

/** A file that was read and found whole. */
export interface TorchFile {
  readonly value: Unpickled;
  /**
   * Reads tensors onto the CPU, off the JavaScript thread; the caller or scope owns them. Throws where the file was
   * changed since.
   */
  readonly read: (references: readonly TensorReference[]) => Promise<Tensor[]>;
}

/**
 * Opens a file and checks it: all checksums, and that the pickle is plain data. Nothing of it is executed.
 *
 * @throws TorchwrightError ERR_INVALID_ARG, ERR_FILE_NOT_FOUND, ERR_TORCH_FILE
 */
export async function readTorchFile(operation: string, path: string): Promise<TorchFile> {
  if (typeof path !== "string" || path === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a file's path, got ${describe(path)}`);
  }
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `${operation}: expected a file, got ${path}: ${(cause as Error).message}`,
      { cause },
    );
  }
  try {
    const archive = await verify(await zipSource(path, file));
    const value = await readPickle(await archive.content("data.pkl"), (reference) => archive.checkStorage(reference));
    const order = archive.has("byteorder") ? (await archive.content("byteorder")).toString() : "little";
    if (order !== "little") throw new Error(`its bytes are in the order ${JSON.stringify(order)}`);
    return {
      value,
      read: (references) =>
        readTensors(
          path,
          references.map((reference) => ({ reference, start: archive.checkStorage(reference) })),
        ),
    };
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_TORCH_FILE",
      `${operation}: expected a file of torch.save, got ${path}: ${(cause as Error).message}`,
      { cause },
    );
  } finally {
    await file.close();
  }
}

type Places = ReadonlyMap<string, { readonly start: number; readonly size: number }>;

/** An archive whose checksums all fit. */
class Archive {
  readonly #file: FileHandle;
  /** By name without the archive's folder. */
  readonly #places: Places;

  constructor(file: FileHandle, places: Places) {
    this.#file = file;
    this.#places = places;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  async content(name: string): Promise<Buffer> {
    const { start, size } = this.#place(name);
    const content = Buffer.alloc(size);
    await this.#file.read(content, 0, size, start);
    return content;
  }

  /** Where a tensor's storage begins. */
  checkStorage({ storage: { key }, storageBytes }: TensorReference): number {
    const { start, size } = this.#place(`data/${key}`);
    if (size !== storageBytes) {
      throw new Error(`its storage data/${key} has ${size} bytes, and a tensor says ${storageBytes}`);
    }
    return start;
  }

  #place(name: string): { readonly start: number; readonly size: number } {
    const place = this.#places.get(name);
    if (!place) throw new Error(`it has no entry ${name}`);
    return place;
  }
}

async function verify(source: ZipSource): Promise<Archive> {
  const start = Buffer.alloc(LEGACY.length);
  await source.file.read(start, 0, start.length, 0);
  if (start.equals(LEGACY)) {
    throw new Error("it is of the format before PyTorch 1.6; open it in Python and save it again");
  }
  const entries = await readDirectory(source);
  const root =
    entries.map(({ name }) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1]).find((folder) => folder !== undefined) ?? "";
  const places = new Map<string, { readonly start: number; readonly size: number }>();
  for (const entry of entries) {
    if (entry.method !== STORED) throw new Error(`"${entry.name}" is compressed, and torch.save compresses nothing`);
    const place = { start: await verifyEntry(source, entry), size: entry.size };
    if (entry.name.startsWith(root)) places.set(entry.name.slice(root.length), place);
  }
  return new Archive(source.file, places);
}

/** Reads each from the first of its elements to the last. */
async function readTensors(
  path: string,
  tensors: readonly { readonly reference: TensorReference; readonly start: number }[],
): Promise<Tensor[]> {
  const entries = tensors.map(
    ({ reference: { storage, dtype, elementBytes, shape, isContiguous, offset, span }, start }) => ({
      name: `data/${storage.key}`,
      dtype,
      shape: isContiguous ? shape : [span],
      offset: start + offset * elementBytes,
      bytes: span * elementBytes,
    }),
  );
  const read = (await nativeInContext().readSafetensors(path, entries)).map(wrap);
  return read.map((tensor, i) => {
    const { isContiguous, shape, strides } = (tensors[i] as (typeof tensors)[number]).reference;
    if (isContiguous) return tensor;
    using elements = tensor;
    return ops.asStrided(elements, shape, strides);
  });
}
