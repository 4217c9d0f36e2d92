/**
 * Reads what Python pickled, as data: numbers, text, lists, dictionaries and references to tensors. A pickle is a
 * program for a stack machine that may call any function there is; this machine knows four and calls none, and whatever
 * else a pickle asks for is an error that names it.
 *
 * Source: `pickletools.py` of CPython, protocols 2 to 5; `torch/_weights_only_unpickler.py`.
 */
import { setImmediate as macrotask } from "node:timers/promises";
import { isStorageClass, type StorageClass, type StorageReference, TensorReference } from "./tensor-reference";

/** A tuple is an array as well. An integer beyond 2^53 is a bigint. */
export type Unpickled =
  null | boolean | number | bigint | string | TensorReference | readonly Unpickled[] | ReadonlyMap<Key, Unpickled>;
type Key = string | number | bigint | boolean;

/** Of 40,000 parameters' states. What is read takes up to 16 times as much memory. */
const MAX_BYTES = 2 ** 24;
/** Lists, tuples and dictionaries: an empty one takes a byte of the file and a hundred of memory. */
const MAX_CONTAINERS = 2 ** 21;
const MAX_DIMENSIONS = 64;
/** Bytes of an integer. */
const MAX_INTEGER = 16;
/** Instructions in a row: about a millisecond. */
const SLICE = 2_000;

const REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
const ORDERED_DICT = "collections.OrderedDict";

/** What a pickle names and this machine knows. */
class Global {
  constructor(readonly name: typeof REBUILD_TENSOR | typeof ORDERED_DICT | StorageClass) {}
}

class Storage {
  constructor(readonly reference: StorageReference) {}
}

/**
 * The value. Yields to the event loop.
 *
 * @param check is called for each tensor, and may throw
 * @throws Error that says what is wrong with it or not supported
 */
export async function readPickle(bytes: Buffer, check: (tensor: TensorReference) => void): Promise<Unpickled> {
  if (bytes.length > MAX_BYTES) throw new Error(`its pickle has ${bytes.length} bytes, more than ${MAX_BYTES}`);
  const machine = new Machine(bytes, check);
  while (!machine.run(SLICE)) await macrotask();
  return machine.result as Unpickled;
}

class Machine {
  readonly #bytes: Buffer;
  readonly #check: (tensor: TensorReference) => void;
  #at = 0;
  #stack: unknown[] = [];
  /** Stacks below the open marks. */
  readonly #below: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();
  #containers = 0;
  result: unknown;

  constructor(bytes: Buffer, check: (tensor: TensorReference) => void) {
    this.#bytes = bytes;
    this.#check = check;
  }

  /** Does up to `count` instructions; true at the end. */
  run(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const code = this.#byte();
      if (code === 0x2e) {
        // STOP
        this.result = this.#pop();
        if (this.result instanceof Global || this.result instanceof Storage) {
          throw new Error("it holds a class or a storage alone");
        }
        return true;
      }
      this.#step(code);
    }
    return false;
  }

  /** One instruction; names are those of `pickletools`. */
  #step(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        if (this.#byte() > 5) throw new Error("its pickle has a protocol beyond 5");
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x4e:
        return this.#push(null); // NONE
      case 0x88:
        return this.#push(true); // NEWTRUE
      case 0x89:
        return this.#push(false); // NEWFALSE
      case 0x4b:
        return this.#push(this.#byte()); // BININT1
      case 0x4d:
        return this.#push(this.#take(2).readUInt16LE()); // BININT2
      case 0x4a:
        return this.#push(this.#take(4).readInt32LE()); // BININT
      case 0x8a:
        return this.#push(this.#integer(this.#byte())); // LONG1
      case 0x8b:
        return this.#push(this.#integer(this.#take(4).readUInt32LE())); // LONG4
      case 0x47:
        return this.#push(this.#take(8).readDoubleBE()); // BINFLOAT
      case 0x58:
        return this.#push(this.#text(this.#take(4).readUInt32LE())); // BINUNICODE
      case 0x8c:
        return this.#push(this.#text(this.#byte())); // SHORT_BINUNICODE
      case 0x8d:
        return this.#push(this.#text(Number(this.#take(8).readBigUInt64LE()))); // BINUNICODE8
      case 0x28: // MARK
        this.#count();
        this.#below.push(this.#stack);
        this.#stack = [];
        return;
      case 0x5d:
        return this.#pushNew([]); // EMPTY_LIST
      case 0x61:
        return this.#append([this.#pop()]); // APPEND
      case 0x65:
        return this.#append(this.#sinceMark()); // APPENDS
      case 0x29:
        return this.#pushNew([]); // EMPTY_TUPLE
      case 0x74:
        return this.#pushNew(this.#sinceMark()); // TUPLE
      case 0x85:
        return this.#pushNew(this.#popMany(1)); // TUPLE1
      case 0x86:
        return this.#pushNew(this.#popMany(2)); // TUPLE2
      case 0x87:
        return this.#pushNew(this.#popMany(3)); // TUPLE3
      case 0x7d:
        return this.#pushNew(new Map()); // EMPTY_DICT
      case 0x73:
        return this.#setItems(this.#popMany(2)); // SETITEM
      case 0x75:
        return this.#setItems(this.#sinceMark()); // SETITEMS
      case 0x71:
        return this.#remember(this.#byte()); // BINPUT
      case 0x72:
        return this.#remember(this.#take(4).readUInt32LE()); // LONG_BINPUT
      case 0x94:
        return this.#remember(this.#memo.size); // MEMOIZE
      case 0x68:
        return this.#recall(this.#byte()); // BINGET
      case 0x6a:
        return this.#recall(this.#take(4).readUInt32LE()); // LONG_BINGET
      case 0x63:
        return this.#global(this.#line(), this.#line()); // GLOBAL
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw new Error("its pickle names something by what is no text");
        }
        return this.#global(module, name);
      }
      case 0x51:
        return this.#persistent(this.#pop()); // BINPERSID
      case 0x52: {
        // REDUCE
        const [called, args] = this.#popMany(2);
        return this.#call(called, args);
      }
      default:
        throw new Error(
          `its pickle has the instruction 0x${code.toString(16)} at byte ${this.#at - 1}, which plain data does not need`,
        );
    }
  }

  #take(length: number): Buffer {
    if (!(length <= this.#bytes.length - this.#at)) throw new Error("its pickle ends too early");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  #byte(): number {
    return this.#take(1).readUInt8();
  }

  /** Little-endian, in two's complement. */
  #integer(length: number): number | bigint {
    if (length > MAX_INTEGER) throw new Error(`its pickle has an integer of ${length} bytes`);
    const digits = [...this.#take(length)];
    const unsigned = digits.reduceRight((value, digit) => value * 256n + BigInt(digit), 0n);
    const value = BigInt.asIntN(8 * length, unsigned);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #text(length: number): string {
    return this.#take(length).toString("utf8");
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new Error("its pickle ends too early");
    const line = this.#text(end - this.#at);
    this.#at++;
    return line;
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pushNew(container: unknown[] | Map<unknown, unknown>): void {
    this.#count();
    this.#stack.push(container);
  }

  #count(): void {
    if (++this.#containers > MAX_CONTAINERS) {
      throw new Error(`its pickle has more than ${MAX_CONTAINERS} lists and dictionaries`);
    }
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw new Error("its pickle takes more than it put down");
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw new Error("its pickle takes more than it put down");
    return this.#stack.splice(-count);
  }

  #sinceMark(): unknown[] {
    const below = this.#below.pop();
    if (!below) throw new Error("its pickle closes what it did not open");
    const items = this.#stack;
    this.#stack = below;
    return items;
  }

  #append(items: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw new Error("its pickle appends to what is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly unknown[]): void {
    const dictionary = this.#stack.at(-1);
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) {
      throw new Error("its pickle sets items of what is no dictionary");
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (!["string", "number", "bigint", "boolean"].includes(typeof key)) {
        throw new Error("its pickle has a key that is neither text nor a number");
      }
      dictionary.set(key, items[i + 1]);
    }
  }

  #remember(place: number): void {
    if (this.#stack.length === 0) throw new Error("its pickle takes more than it put down");
    this.#memo.set(place, this.#stack.at(-1));
  }

  #recall(place: number): void {
    if (!this.#memo.has(place)) throw new Error("its pickle recalls what it did not remember");
    this.#push(this.#memo.get(place));
  }

  #global(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (full === REBUILD_TENSOR || full === ORDERED_DICT) return this.#push(new Global(full));
    if (module === "torch" && isStorageClass(name)) return this.#push(new Global(name));
    throw new Error(
      `its pickle asks for ${JSON.stringify(full.slice(0, 200))}, and only plain values and tensors are read`,
    );
  }

  /** `("storage", class, key, device, size)` */
  #persistent(id: unknown): void {
    const [kind, type, key, , size] = Array.isArray(id) ? (id as readonly unknown[]) : [];
    const name = type instanceof Global ? type.name : "";
    if (kind !== "storage" || !isStorageClass(name) || typeof key !== "string" || !isSize(size)) {
      throw new Error("its pickle refers to something else than a tensor's storage");
    }
    this.#push(new Storage({ class: name, key, size }));
  }

  #call(called: unknown, args: unknown): void {
    const name = called instanceof Global ? called.name : undefined;
    if (!Array.isArray(args)) throw new Error("its pickle calls something without arguments");
    if (name === ORDERED_DICT && args.length === 0) return this.#pushNew(new Map());
    if (name !== REBUILD_TENSOR) throw new Error(`its pickle calls ${name ?? "what is no function"}`);
    const [storage, offset, sizes, steps] = args as readonly unknown[];
    if (
      !(storage instanceof Storage) ||
      !isSize(offset) ||
      !isSizes(sizes) ||
      !isSizes(steps) ||
      sizes.length !== steps.length
    ) {
      throw new Error("its pickle has a tensor of wrong parts");
    }
    // Copied: the pickle could append to the lists after they were looked at.
    const [shape, strides] = [[...sizes], [...steps]];
    const tensor = new TensorReference(storage.reference, shape, strides, offset);
    if (!Number.isSafeInteger(tensor.numel) || !(offset + tensor.span <= storage.reference.size)) {
      throw new Error(`its pickle has a tensor of the shape [${shape.join(", ")}], which lies beyond its storage`);
    }
    this.#check(tensor);
    this.#push(tensor);
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isSize);
}
