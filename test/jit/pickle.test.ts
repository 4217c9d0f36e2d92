/** Pickles: what is written is read, and hostile ones neither run, hang nor crash anything. */
import { expect } from "chai";
import fc from "fast-check";
import { readPickle, type Unpickled } from "../../lib/jit/pickle-reader";
import { type Picklable, Tuple, writePickle } from "../../lib/jit/pickle-writer";
import { TensorReference } from "../../lib/jit/tensor-reference";

const read = (bytes: Buffer): Promise<Unpickled> => readPickle(bytes, () => undefined);

/** Protocol 2, the instructions, STOP; text is Latin-1. */
const pickle = (...parts: readonly (string | number | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x80, 2]),
    ...parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part as string, "latin1"))),
    Buffer.from("."),
  ]);

async function refusal(bytes: Buffer): Promise<string> {
  return read(bytes).then(
    () => expect.fail("it was read"),
    (error: unknown) => (error as Error).message,
  );
}

const plain = (value: Picklable): unknown => {
  if (value instanceof Tuple) return value.items.map(plain);
  if (value instanceof Map) {
    return new Map([...(value as ReadonlyMap<string, Picklable>)].map(([key, entry]) => [key, plain(entry)]));
  }
  return Array.isArray(value) ? (value as readonly Picklable[]).map(plain) : value;
};

describe("pickles", () => {
  it("are read as they were written", async () => {
    const scalar = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.string({ unit: "grapheme" }),
    );
    const { value } = fc.letrec<{ value: Picklable }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.array(tie("value"), { maxLength: 4 }).map((items) => new Tuple(items)),
        fc
          .array(fc.tuple(fc.oneof(fc.string(), fc.nat()), tie("value")), { maxLength: 4 })
          .map((entries) => new Map(entries)),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (one) => {
        expect(await read(writePickle(one).bytes)).to.deep.equal(plain(one));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("refer to tensors, and say whose storages", async () => {
    const tensor = new TensorReference({ class: "HalfStorage", key: "7", size: 12 }, [3, 2], [1, 4], 2);
    const { bytes, storages } = writePickle(["a", tensor]);
    expect(await read(bytes)).to.deep.equal(["a", tensor]);
    expect([...storages]).to.deep.equal(["7"]);
  });

  const REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";
  /** `(storage, offset, shape, strides, …)` of a tensor in a storage of 6 floats. */
  const tensor = (...args: readonly (string | number)[]): Buffer =>
    pickle(REBUILD, "((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0", "0X\x03\0\0\0cpuK\x06tQ", ...args, "tR");

  for (const [what, bytes, message] of [
    ["a function", pickle("cos\nsystem\n", "X\x02\0\0\0ls\x85R"), /"os\.system"/],
    ["a function by name on the stack", pickle("\x8c\x02os\x8c\x06system\x93"), /"os\.system"/],
    ["a class", pickle("c__main__\nModel\n"), /"__main__\.Model"/],
    ["a builtin", pickle("cbuiltins\neval\n"), /eval/],
    [
      "a function of torch that is not known",
      pickle("ctorch._utils\n_rebuild_sparse_tensor\n"),
      /_rebuild_sparse_tensor/,
    ],
    ["something whose name is an object's own", pickle("ctorch\nconstructor\n"), /torch\.constructor/],
    ["a state to be set", pickle("}}b"), /0x62/],
    ["an instance", pickle("(i__main__\nModel\n"), /0x69/],
    ["an extension", pickle("\x82\x01"), /0x82/],
    ["bytes to be called", pickle("K\x01)R"), /no function/],
    ["a storage to be called", pickle("ctorch\nFloatStorage\n)R"), /FloatStorage/],
    ["a class alone", pickle("ctorch\nFloatStorage\n"), /alone/],
    ["text of 4 GB", pickle("X\xff\xff\xff\xff"), /too early/],
    ["text of 16 EB", pickle("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), /too early/],
    ["an integer of 2 GB", pickle("\x8b\xff\xff\xff\x7f"), /integer of 2147483647 bytes/],
    ["an integer of 255 bytes", pickle("\x8a\xff", Buffer.alloc(255, 1)), /integer of 255 bytes/],
    ["a frame that is longer than the rest", pickle("\x95\xff\0\0\0\0\0\0\0"), /more than it put down/],
    ["a protocol to come", Buffer.from([0x80, 6, 0x4e, 0x2e]), /protocol/],
    ["an empty stack", pickle("\x85"), /more than it put down/],
    ["nothing", Buffer.alloc(0), /too early/],
    ["no end", Buffer.from([0x80, 2, 0x4e]), /too early/],
    ["a line without end", pickle("ctorch"), /too early/],
    ["a mark that was not set", pickle("t"), /did not open/],
    ["a memory that was not made", pickle("h\x05"), /did not remember/],
    ["an append to a number", pickle("K\x01K\x02a"), /no list/],
    ["items for a list", pickle("](K\x01K\x02u"), /no dictionary/],
    ["an item without value", pickle("}(K\x01u"), /no dictionary/],
    ["a list for a key", pickle("}]K\x01s"), /key/],
    ["what is persistent and no storage", pickle("X\x01\0\0\0aQ"), /something else/],
    [
      "a storage of a negative size",
      pickle("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0", "0X\x03\0\0\0cpuJ\xff\xff\xff\xfftQ"),
      /something else/,
    ],
    ["a tensor of no storage", pickle(REBUILD, "(K\x01K\0))tR"), /wrong parts/],
    ["a tensor beyond its storage", tensor("K\x01K\x06\x85K\x01\x85\x89"), /beyond/],
    ["a tensor beyond its storage by its strides", tensor("K\0K\x02K\x02\x86K\x06K\x01\x86\x89"), /beyond/],
    ["a tensor of a negative stride", tensor("K\x05K\x02\x85J\xff\xff\xff\xff\x85\x89"), /wrong parts/],
    ["a tensor of a negative offset", tensor("J\xff\xff\xff\xffK\x02\x85K\x01\x85\x89"), /wrong parts/],
    ["a tensor with more sizes than strides", tensor("K\0K\x02K\x02\x86K\x01\x85\x89"), /wrong parts/],
    [
      "a tensor of more elements than there are numbers for",
      tensor("K\0", "(", "J\xff\xff\xff\x7f".repeat(4), "t(", "K\0".repeat(4), "t\x89"),
      /beyond/,
    ],
    [
      "a tensor of 65 dimensions",
      tensor("K\0", "(", "K\x01".repeat(65), "t(", "K\x01".repeat(65), "t\x89"),
      /wrong parts/,
    ],
    ["two million dictionaries", pickle("}".repeat(2 ** 21 + 1)), /lists and dictionaries/],
    ["two million marks", pickle("(".repeat(2 ** 21 + 1)), /lists and dictionaries/],
    ["more than 16 MB", Buffer.alloc(2 ** 24 + 1, "N"), /bytes, more than/],
  ] as const) {
    it(`with ${what} are refused`, async () => {
      expect(await refusal(bytes)).to.match(message);
    });
  }

  it("may hold themselves and be nested deeply, which costs no more than their bytes", async () => {
    const list = (await read(pickle("]q\0h\0a"))) as readonly unknown[];
    expect(list[0]).to.equal(list);
    let deep = await read(pickle(")", "\x85".repeat(100_000)));
    for (let i = 0; i < 100_000; i++) deep = (deep as readonly Unpickled[])[0] as Unpickled;
    expect(deep).to.deep.equal([]);
    // Each list holds the one before twice: 2^60 leaves, if someone walked through.
    const shared = await read(pickle("]", "q\x01]q\x02h\x01ah\x01aq\x01".repeat(60)));
    expect(shared).to.have.length(2);
  });

  it("cannot change a tensor's sizes after they were looked at", async () => {
    // The list of sizes is remembered, and appended to once the tensor is made.
    const made = tensor("K\0", "]q\x09K\x02a", "]K\x01a", "\x89");
    const [first] = (await read(
      Buffer.concat([made.subarray(0, -1), Buffer.from("h\x09K\x63a\x86.", "latin1")]),
    )) as readonly unknown[];
    expect((first as TensorReference).shape).to.deep.equal([2]);
  });

  it("let the event loop turn while they are read", async () => {
    let turns = 0;
    let done = false;
    const turn = (): void => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await read(pickle("(", "N".repeat(1_000_000), "t"));
    done = true;
    expect(turns).to.be.greaterThan(50);
  });
});
