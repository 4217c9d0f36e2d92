import { expect } from "chai";
import { Xxh64 } from "../../../lib/data/sources/xxh64";

/** Length of the bytes `(7 i + floor(i / 256)) mod 256`, and the lower half of their hash by Python's xxhash 3. */
const HASHES: readonly (readonly [number, number])[] = [
  [0, 1373170073],
  [1, 3674548072],
  [3, 1516374443],
  [4, 173386817],
  [7, 1866311230],
  [8, 1706632427],
  [15, 3814754351],
  [31, 2984714935],
  [32, 833144361],
  [33, 4174797716],
  [63, 333642278],
  [64, 1146582480],
  [100, 2185745883],
  [1000, 798758549],
];

describe("The hash of zstd's checksums", () => {
  for (const [length, expected] of HASHES) {
    it(`is the reference's for ${length} bytes, at once and in pieces`, () => {
      const bytes = Uint8Array.from({ length }, (_, i) => 7 * i + Math.floor(i / 256));
      for (const size of [1, 5, 32, 47, 2000]) {
        const hash = new Xxh64();
        for (let start = 0; start < length; start += size) hash.update(bytes.subarray(start, start + size));
        expect(hash.digest()).to.equal(expected);
      }
    });
  }
});
