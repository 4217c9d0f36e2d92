/** Damaged safetensors files: whatever was changed, reading gives a coded error or the tensors of a valid file. */
import { expect } from "chai";
import { truncateSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TorchwrightError } from "../../lib/errors";
import { randomBelow } from "../../lib/data/random";
import { readHeader, readTensors, writeSafetensors } from "../../lib/models/safetensors";
import { memory } from "../../lib/tensor/memory";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const CORRUPTIONS = 5000;
const AT_ONCE = 50;
const SEED = 1;

/** A valid file of several dtypes and shapes; scalars and empty tensors among them. */
async function validFile(file: string): Promise<Buffer> {
  const tensors = [
    [
      "weight",
      Tensor.from([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ],
    ["half", Tensor.from([0.5, 1.5], { dtype: "float16" })],
    ["ids", Tensor.from([1n, 2n, 3n])],
    ["flag", Tensor.from([true, false, true])],
    ["scalar", Tensor.from(7)],
    ["empty", Tensor.from(new Float32Array(0), { shape: [0, 4] })],
  ] as const;
  await writeSafetensors(file, tensors);
  for (const [, tensor] of tensors) tensor.dispose();
  return await readFile(file);
}

/** One change to the length, the header's text or numbers in it, or the end of the file. */
function corrupt(valid: Buffer, below: (bound: number) => number): Buffer {
  const length = Number(valid.readBigUInt64LE(0));
  const header = valid.toString("latin1", 8, 8 + length);
  const data = valid.subarray(8 + length);
  const rebuilt = (text: string, claimed = text.length): Buffer => {
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(claimed));
    return Buffer.concat([start, Buffer.from(text, "latin1"), data]);
  };
  const number = (): string =>
    [
      "0",
      "-1",
      "1",
      "3",
      "8",
      "24",
      "0.5",
      "1e3",
      "4294967296",
      "9007199254740992",
      "1e400",
      "null",
      '"4"',
      "[]",
      "{}",
      "true",
    ][below(16)] as string;
  switch (below(8)) {
    case 0: {
      // one byte anywhere in length or header
      const copy = Buffer.from(valid);
      copy[below(8 + length)] = below(256);
      return copy;
    }
    case 1:
      return valid.subarray(0, below(valid.length));
    case 2:
      return rebuilt(
        header,
        below(2) === 0 ? below(2 * valid.length) : [2 ** 32, 2 ** 40, 2 ** 53, 100_000_001][below(4)],
      );
    case 3: {
      // a number of a shape or an offset
      const places = [...header.matchAll(/-?\d+(?=[,\]])/g)];
      const place = places[below(places.length)] as RegExpMatchArray;
      return rebuilt(header.slice(0, place.index) + number() + header.slice((place.index ?? 0) + place[0].length));
    }
    case 4: {
      const dtypes = ["F32", "F64", "I8", "F8_E4M3", "U16", "", "f32", "BOOL", "constructor", "__proto__"];
      const places = [...header.matchAll(/"dtype":"\w+"/g)];
      const place = places[below(places.length)] as RegExpMatchArray;
      return rebuilt(
        header.slice(0, place.index) +
          `"dtype":"${dtypes[below(dtypes.length)]}"` +
          header.slice((place.index ?? 0) + place[0].length),
      );
    }
    case 5: {
      // a piece cut out, doubled, or turned into junk
      const at = below(length);
      const end = Math.min(length, at + 1 + below(40));
      const piece = [
        header.slice(at, end).repeat(2),
        "",
        String.fromCharCode(...Array.from({ length: 5 }, () => below(256))),
      ][below(3)] as string;
      return rebuilt(header.slice(0, at) + piece + header.slice(end));
    }
    case 6:
      return rebuilt(
        [
          "[]",
          "null",
          "1",
          '""',
          "{}",
          '{"a":null}',
          '{"a":[]}',
          "[".repeat(100_000),
          '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        ][below(9)] as string,
      );
    default:
      return Buffer.concat([valid, Buffer.alloc(1 + below(64), below(256))]);
  }
}

describe("a damaged safetensors file", function () {
  this.timeout(300_000);

  it(`${CORRUPTIONS} corruptions of length, header and end give coded errors, or a file that is valid again`, () =>
    inFolder(async (folder) => {
      const valid = await validFile(join(folder, "x.safetensors"));
      const below = randomBelow(SEED);
      const outcomes = new Map<string, number>();
      const check = async (file: string, damaged: Buffer): Promise<string> => {
        await writeFile(file, damaged);
        try {
          const entries = await readHeader(file);
          const tensors = await readTensors(file, entries);
          // What loads must be what the bytes say: nothing beyond the file, every element readable.
          entries.forEach(({ shape, dtype, offset, bytes }, k) => {
            expect(offset + bytes).to.be.at.most(damaged.length);
            expect(tensors[k]?.shape).to.deep.equal(shape);
            expect(tensors[k]?.dtype).to.equal(dtype);
            tensors[k]?.toTypedArray();
          });
          return "loaded";
        } catch (error) {
          expect(error).to.be.instanceOf(TorchwrightError);
          return (error as TorchwrightError).code;
        }
      };
      for (let i = 0; i < CORRUPTIONS; i += AT_ONCE) {
        const files = Array.from(
          { length: AT_ONCE },
          (_, k) => [join(folder, String(k)), corrupt(valid, below)] as const,
        );
        for (const outcome of await scope(() => Promise.all(files.map(([file, damaged]) => check(file, damaged))))) {
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      }
      // A dtype of the format that no tensor has is one of the changes.
      expect([...outcomes.keys()]).to.have.members(["loaded", "ERR_SAFETENSORS_INVALID", "ERR_UNKNOWN_DTYPE"]);
      // Most corruptions matter; renaming a tensor does not.
      expect(outcomes.get("ERR_SAFETENSORS_INVALID")).to.be.greaterThan(CORRUPTIONS / 2);
    }));

  it("a file that is cut between header and data is an error, not old memory", () =>
    inFolder(async (folder) => {
      const file = join(folder, "x.safetensors");
      const valid = await validFile(file);
      const entries = await readHeader(file);
      for (const kept of [valid.length - 1, valid.length - 20, 8, 0]) {
        await writeFile(file, valid.subarray(0, kept));
        await rejection(readTensors(file, entries), "ERR_SAFETENSORS_INVALID");
      }
    }));

  it("a file that is truncated while it is read is an error or was read before", function () {
    this.timeout(120_000);
    return inFolder(async (folder) => {
      const file = join(folder, "x.safetensors");
      const large = Tensor.from(new Float32Array(8 << 20)); // 32 MB: reading takes some milliseconds
      await writeSafetensors(file, [
        ["a", large],
        ["b", large],
      ]);
      large.dispose();
      const content = await readFile(file);
      const entries = await readHeader(file);
      const before = memory().liveTensors;
      const outcomes = new Set<string>();
      const handle = await open(file, "r+");
      try {
        for (let delay = 0; delay < 12; delay++) {
          await handle.write(content, 0, content.length, 0);
          const reading = readTensors(file, entries).then(
            (tensors) => {
              for (const tensor of tensors) tensor.dispose();
              return "read";
            },
            (error: unknown) => (error as TorchwrightError).code,
          );
          if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay - 1));
          truncateSync(file, 4096); // the first time at once: no disk is that fast
          outcomes.add(await reading);
        }
      } finally {
        await handle.close();
      }
      outcomes.delete("read");
      expect([...outcomes]).to.deep.equal(["ERR_SAFETENSORS_INVALID"]);
      expect(memory().liveTensors).to.equal(before);
    });
  });
});
