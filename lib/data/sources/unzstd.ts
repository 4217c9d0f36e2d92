/**
 * Unpacks zstd block by block, frame after frame, and checks each frame's checksum, which the unpacking library does
 * not.
 */
import type { Decompress } from "fzstd";
import { Xxh64 } from "./xxh64";

/** A step that stops wherever it needs more bytes than have come. */
type Step<T> = Generator<undefined, T, void>;

const FRAME = 0xfd2fb528;

/** Says what is wrong with packed bytes. */
export class UnzstdError extends Error {}

/** Takes packed bytes piece by piece. Throws an `UnzstdError` for damage. */
export class Unzstd {
  #waiting: Buffer = Buffer.alloc(0);
  #found: Buffer[] = [];
  #ended = false;
  readonly #walk = this.#frames();
  readonly #unpacker: typeof Decompress;

  /** With the library's class, which is loaded by those who need it. */
  constructor(unpacker: typeof Decompress) {
    this.#unpacker = unpacker;
  }

  /** What a piece unpacks to, block by block: a block is at most 128 KiB, however small it was packed. */
  *push(piece: Buffer): Generator<Buffer, void, void> {
    this.#waiting = this.#waiting.length === 0 ? piece : Buffer.concat([this.#waiting, piece]);
    for (let more = true; more;) {
      const before = this.#waiting.length;
      this.#walk.next();
      more = this.#waiting.length < before;
      yield* this.#found;
      this.#found = [];
    }
    this.#waiting = Buffer.from(this.#waiting);
  }

  /** What is left when all has come. */
  end(): readonly Buffer[] {
    this.#ended = true;
    while (this.#walk.next().done !== true);
    return this.#found;
  }

  *#frames(): Step<void> {
    for (;;) {
      const start = yield* this.#take(4, true);
      if (start === undefined) return;
      const magic = start.readUInt32LE();
      if (magic === FRAME) yield* this.#frame(start);
      else if (magic >>> 4 === 0x184d2a5) {
        let size = (yield* this.#take(4)).readUInt32LE();
        for (; size > 65_536; size -= 65_536) yield* this.#take(65_536);
        yield* this.#take(size);
      } else throw new UnzstdError("neither a frame nor the end");
    }
  }

  *#frame(start: Buffer): Step<void> {
    const descriptor = yield* this.#take(1);
    const flags = descriptor[0] as number;
    const single = (flags & 0x20) !== 0;
    const idBytes = [0, 1, 2, 4][flags & 3] as number;
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6] as number;
    const header = yield* this.#take((single ? 0 : 1) + idBytes + sizeBytes);
    const id = header.subarray(single ? 0 : 1).subarray(0, idBytes);
    if (id.some((byte) => byte !== 0)) throw new UnzstdError("it needs a dictionary");
    const hash = (flags & 4) === 0 ? undefined : new Xxh64();
    const unpacker = new this.#unpacker((block) => {
      hash?.update(block);
      if (block.length > 0) this.#found.push(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
    });
    const push = (bytes: Uint8Array, final = false): void => {
      try {
        unpacker.push(bytes, final);
      } catch (error) {
        throw new UnzstdError(error instanceof Error ? error.message : "no zstd", { cause: error });
      }
    };
    push(Buffer.concat([start, descriptor, header]));
    for (let last = false; !last;) {
      const begin = yield* this.#take(3);
      const word = begin.readUIntLE(0, 3);
      last = (word & 1) === 1;
      const type = (word >> 1) & 3;
      const size = word >>> 3;
      if (type === 3 || size > 131_072) throw new UnzstdError("a block of no known kind");
      push(Buffer.concat([begin, yield* this.#take(type === 1 ? 1 : size)]));
      if (this.#found.length > 0) yield undefined;
    }
    const checksum = hash && (yield* this.#take(4));
    if (checksum) push(checksum);
    push(new Uint8Array(0), true);
    if (hash && checksum && hash.digest() !== checksum.readUInt32LE()) {
      throw new UnzstdError("its checksum does not fit");
    }
  }

  #take(count: number): Step<Buffer>;
  #take(count: number, orEnd: true): Step<Buffer | undefined>;
  *#take(count: number, orEnd = false): Step<Buffer | undefined> {
    while (this.#waiting.length < count) {
      if (this.#ended && orEnd && this.#waiting.length === 0) return undefined;
      if (this.#ended) throw new UnzstdError("unexpected end");
      yield undefined;
    }
    const taken = this.#waiting.subarray(0, count);
    this.#waiting = this.#waiting.subarray(count);
    return taken;
  }
}
