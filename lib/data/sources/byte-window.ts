/** Bytes that were read and not yet parsed. */
import { isAscii, isUtf8 } from "node:buffer";

const EMPTY = Buffer.alloc(0);

/**
 * Holds what is left of one piece until the next comes. A record longer than a piece is looked at again only when what
 * is held has doubled, so that long records cost linear time.
 */
export class ByteWindow {
  /** What there is to parse, from its first byte. */
  bytes: Buffer = EMPTY;
  /** Whether a byte is one character. */
  ascii = true;
  /** Whether all is UTF-8 without NUL; where it is not, the rows that are not must be found. */
  clean = true;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  /** Adds a piece; false while it is not worth looking at what is held. */
  append(piece: Buffer): boolean {
    if (this.bytes.length === 0) {
      this.#set(piece);
      return true;
    }
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes < this.bytes.length) return false;
    this.flush();
    return true;
  }

  /** Puts together what waits; true where something did. */
  flush(): boolean {
    if (this.#waiting.length === 0) return false;
    this.#set(Buffer.concat([this.bytes, ...this.#waiting]));
    this.#waiting = [];
    this.#waitingBytes = 0;
    return true;
  }

  /**
   * Forgets the first `count` bytes. What stays is copied: the piece's memory may be its maker's, who may use it again.
   */
  consume(count: number): void {
    this.bytes = count === this.bytes.length ? EMPTY : Buffer.from(this.bytes.subarray(count));
  }

  #set(bytes: Buffer): void {
    this.bytes = bytes;
    this.ascii = isAscii(bytes);
    this.clean = (this.ascii || isUtf8(bytes)) && !bytes.includes(0);
  }
}
