/**
 * The lower half of the 64-bit xxHash of bytes that come in pieces: zstd's checksum.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 *
 * Words of 64 bits are pairs of 32-bit halves in one array; bigints would take longer than the unpacking.
 */

/** The specification's primes, lower half first. */
const P1 = [0x85ebca87, 0x9e3779b1] as const;
const P2 = [0x27d4eb4f, 0xc2b2ae3d] as const;
const P3 = [0x9e3779f9, 0x165667b1] as const;
const P4 = [0xc2b2ae63, 0x85ebca77] as const;
const P5 = [0x165667c5, 0x27d4eb2f] as const;
type Pair = readonly [number, number];

const STRIPE = 32;

export class Xxh64 {
  /** Accumulators of the four lanes: lower and upper half of each. */
  readonly #lanes = new Int32Array(8);
  readonly #rest = new Uint8Array(STRIPE);
  #resting = 0;
  #length = 0;
  /** Result of the latest operation on a word. */
  #low = 0;
  #high = 0;

  constructor() {
    const lanes = this.#lanes;
    this.#set(P1[0], P1[1]);
    this.#add(P2[0], P2[1]);
    lanes.set([this.#low, this.#high, P2[0] | 0, P2[1] | 0, 0, 0], 0);
    this.#set(~P1[0], ~P1[1]); // the negative of P1 is its complement and one
    this.#add(1, 0);
    lanes.set([this.#low, this.#high], 6);
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#resting > 0) {
      at = Math.min(STRIPE - this.#resting, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#resting);
      this.#resting += at;
      if (this.#resting < STRIPE) return;
      this.#stripes(this.#rest, 0, STRIPE);
      this.#resting = 0;
    }
    const end = at + Math.floor((bytes.length - at) / STRIPE) * STRIPE;
    this.#stripes(bytes, at, end);
    this.#rest.set(bytes.subarray(end));
    this.#resting = bytes.length - end;
  }

  /** The lower 32 bits, unsigned. Nothing may be added behind. */
  digest(): number {
    const lanes = this.#lanes;
    let low = 0;
    let high = 0;
    const keep = (): void => {
      low = this.#low;
      high = this.#high;
    };
    if (this.#length >= STRIPE) {
      this.#set(0, 0);
      keep();
      [1, 7, 12, 18].forEach((bits, lane) => {
        this.#set(lanes[2 * lane] as number, lanes[2 * lane + 1] as number);
        this.#rotate(bits);
        this.#add(low, high);
        keep();
      });
      for (let lane = 0; lane < 4; lane++) {
        this.#round(0, 0, lanes[2 * lane] as number, lanes[2 * lane + 1] as number);
        this.#xor(low, high);
        this.#multiply(P1);
        this.#add(P4[0], P4[1]);
        keep();
      }
      this.#set(low, high);
    } else this.#set(P5[0], P5[1]);
    this.#add(this.#length | 0, Math.floor(this.#length / 2 ** 32));
    keep();
    const view = new DataView(this.#rest.buffer);
    let at = 0;
    for (; at + 8 <= this.#resting; at += 8) {
      this.#round(0, 0, view.getInt32(at, true), view.getInt32(at + 4, true));
      this.#mix(low, high, 27, P1, P4);
      keep();
    }
    if (at + 4 <= this.#resting) {
      this.#set(view.getInt32(at, true), 0);
      this.#multiply(P1);
      this.#mix(low, high, 23, P2, P3);
      keep();
      at += 4;
    }
    for (; at < this.#resting; at++) {
      this.#set(view.getUint8(at), 0);
      this.#multiply(P5);
      this.#mix(low, high, 11, P1, [0, 0]);
      keep();
    }
    for (const [bits, prime] of [
      [33, P2],
      [29, P3],
      [32, undefined],
    ] as const) {
      this.#set(low, high);
      this.#xor(
        bits === 32 ? high : bits > 32 ? high >>> (bits - 32) : (low >>> bits) | (high << (32 - bits)),
        bits >= 32 ? 0 : high >>> bits,
      );
      if (prime) this.#multiply(prime);
      keep();
    }
    return low >>> 0;
  }

  /** Takes whole stripes into the lanes. */
  #stripes(bytes: Uint8Array, from: number, to: number): void {
    const lanes = this.#lanes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < to; at += 8) {
      const lane = ((at - from) >> 2) & 6;
      this.#round(
        lanes[lane] as number,
        lanes[lane + 1] as number,
        view.getInt32(at, true),
        view.getInt32(at + 4, true),
      );
      lanes[lane] = this.#low;
      lanes[lane + 1] = this.#high;
    }
  }

  /** rotate(accumulator + input * P2, 31) * P1 */
  #round(low: number, high: number, inputLow: number, inputHigh: number): void {
    this.#set(inputLow, inputHigh);
    this.#multiply(P2);
    this.#add(low, high);
    this.#rotate(31);
    this.#multiply(P1);
  }

  /** rotate(accumulator ^ word, bits) * times + plus */
  #mix(low: number, high: number, bits: number, times: Pair, plus: Pair): void {
    this.#xor(low, high);
    this.#rotate(bits);
    this.#multiply(times);
    this.#add(plus[0], plus[1]);
  }

  #set(low: number, high: number): void {
    this.#low = low | 0;
    this.#high = high | 0;
  }

  #xor(low: number, high: number): void {
    this.#set(this.#low ^ low, this.#high ^ high);
  }

  #add(low: number, high: number): void {
    const sum = (this.#low >>> 0) + (low >>> 0);
    this.#high = (this.#high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.#low = sum | 0;
  }

  /** By 1 to 31 bits. */
  #rotate(bits: number): void {
    const { low, high } = { low: this.#low, high: this.#high };
    this.#low = (low << bits) | (high >>> (32 - bits));
    this.#high = (high << bits) | (low >>> (32 - bits));
  }

  /** The lower 64 bits of the product. */
  #multiply([low, high]: Pair): void {
    const a = this.#low & 0xffff;
    const b = this.#low >>> 16;
    const c = low & 0xffff;
    const d = low >>> 16;
    const ac = a * c;
    const middle = b * c + (ac >>> 16); // below 2 ** 33: a number holds it exactly
    const other = a * d + (middle % 0x10000);
    const carried = b * d + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
    this.#high = (carried + Math.imul(this.#low, high) + Math.imul(this.#high, low)) | 0;
    this.#low = (other << 16) | (ac & 0xffff) | 0;
  }
}
