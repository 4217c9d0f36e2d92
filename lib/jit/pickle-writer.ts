/**
 * Pickles plain values and references to tensors, so that `torch.load(file, weights_only=True)` reads them. Protocol 2,
 * as `torch.save`.
 */
import { TensorReference } from "./tensor-reference";

/** An array that is a tuple in Python; arrays are lists. */
export class Tuple {
  constructor(readonly items: readonly Picklable[]) {}
}

/** A whole number becomes an int, another a float; a Map becomes a dict. */
export type Picklable =
  | null
  | boolean
  | number
  | string
  | Tuple
  | TensorReference
  | readonly Picklable[]
  | ReadonlyMap<string | number, Picklable>;

export interface Pickle {
  readonly bytes: Buffer;
  /** Keys of the storages that it refers to. */
  readonly storages: ReadonlySet<string>;
}

export function writePickle(value: Picklable): Pickle {
  const writer = new Writer();
  writer.code(0x80); // PROTO
  writer.code(2);
  writer.add(value);
  writer.code(0x2e); // STOP
  return writer;
}

/**
 * Names of instructions are those of `pickletools`. One buffer that grows: thousands of small ones would hold the
 * thread for long.
 */
class Writer implements Pickle {
  readonly storages = new Set<string>();
  /** Places of names and functions in the memory of the machine that reads: what comes again is recalled. */
  readonly #memo = new Map<string, number>();
  #buffer = Buffer.allocUnsafe(2 ** 16);
  #length = 0;

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  code(byte: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = byte;
  }

  add(value: Picklable): void {
    if (value === null) {
      this.code(0x4e);
    } // NONE
    else if (typeof value === "boolean") {
      this.code(value ? 0x88 : 0x89);
    } // NEWTRUE, NEWFALSE
    else if (typeof value === "number") this.#addNumber(value);
    else if (typeof value === "string") this.#once(value, () => this.#addText(value));
    else if (value instanceof Tuple) this.#addTuple(value.items);
    else if (value instanceof TensorReference) this.#addTensor(value);
    else if (value instanceof Map) {
      this.code(0x7d); // EMPTY_DICT
      this.code(0x28); // MARK
      for (const [key, item] of value as ReadonlyMap<string | number, Picklable>) {
        this.add(key);
        this.add(item);
      }
      this.code(0x75); // SETITEMS
    } else {
      this.code(0x5d); // EMPTY_LIST
      this.code(0x28); // MARK
      for (const item of value as readonly Picklable[]) this.add(item);
      this.code(0x65); // APPENDS
    }
  }

  #addTuple(items: readonly Picklable[]): void {
    this.code(0x28); // MARK
    for (const item of items) this.add(item);
    this.code(0x74); // TUPLE
  }

  /** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)` */
  #addTensor({ storage, shape, strides, offset }: TensorReference): void {
    this.storages.add(storage.key);
    this.#addGlobal("torch._utils", "_rebuild_tensor_v2");
    this.code(0x28); // MARK
    this.code(0x28); // MARK
    this.add("storage");
    this.#addGlobal("torch", storage.class);
    this.#addText(storage.key);
    this.add("cpu");
    this.add(storage.size);
    this.code(0x74); // TUPLE
    this.code(0x51); // BINPERSID
    this.add(offset);
    this.#addTuple(shape);
    this.#addTuple(strides);
    this.add(false);
    this.#addGlobal("collections", "OrderedDict");
    this.code(0x29); // EMPTY_TUPLE
    this.code(0x52); // REDUCE
    this.code(0x74); // TUPLE
    this.code(0x52); // REDUCE
  }

  #addNumber(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.code(0x47); // BINFLOAT
      const at = this.#reserve(8);
      this.#buffer.writeDoubleBE(value, at);
    } else if (value >= 0 && value < 256) {
      this.code(0x4b); // BININT1
      this.code(value);
    } else if (value === (value | 0)) {
      this.code(0x4a); // BININT
      const at = this.#reserve(4);
      this.#buffer.writeInt32LE(value, at);
    } else {
      this.code(0x8a); // LONG1
      this.code(8);
      const at = this.#reserve(8);
      this.#buffer.writeBigInt64LE(BigInt(value), at);
    }
  }

  #addText(value: string): void {
    this.code(0x58); // BINUNICODE
    const length = Buffer.byteLength(value);
    const at = this.#reserve(4 + length);
    this.#buffer.writeUInt32LE(length, at);
    this.#buffer.write(value, at + 4);
  }

  #addGlobal(module: string, name: string): void {
    const instruction = `c${module}\n${name}\n`; // GLOBAL
    this.#once(instruction, () => {
      const at = this.#reserve(instruction.length);
      this.#buffer.write(instruction, at, "latin1");
    });
  }

  #once(key: string, write: () => void): void {
    const known = this.#memo.get(key);
    const place = known ?? this.#memo.size;
    if (known === undefined) {
      write();
      this.#memo.set(key, place);
    }
    const wide = place > 255;
    if (known === undefined) {
      this.code(wide ? 0x72 : 0x71);
    } // LONG_BINPUT, BINPUT
    else this.code(wide ? 0x6a : 0x68); // LONG_BINGET, BINGET
    if (!wide) return this.code(place);
    const at = this.#reserve(4);
    this.#buffer.writeUInt32LE(place, at);
  }

  /** Makes room; gives where it begins. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], 2 * this.#length);
    return at;
  }
}
