/** Damaged TorchScript files are refused before libtorch reads them; modules say what they were not given. */
import { expect } from "chai";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TorchwrightError } from "../../lib/errors";
import { jit } from "../../lib/jit/load";
import { ScriptModule } from "../../lib/jit/script-module";
import { ScriptClassifier } from "../../lib/models/script-classifier";
import { cudaStatus } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import type { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN } from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const WHOLE = readFileSync(join(GOLDEN, "torchscript", "scripted-logits.pt"));
const load = (path: string): Promise<ScriptModule> => jit.load(path, { device: "cpu" });

/** Logits of the module for a fixed batch. */
async function logitsOf(module: ScriptModule): Promise<unknown> {
  module.eval();
  return scope(async () => {
    const input_ids = ops.arange(12, { dtype: "int64" }).view([2, 6]);
    return ((await module.forward([], { input_ids, attention_mask: ops.onesLike(input_ids) })) as Tensor).toArray();
  });
}

/** Loads the bytes; resolves with the error, or undefined where they loaded and give the `wanted` logits. */
async function outcome(file: string, bytes: Uint8Array, wanted?: unknown): Promise<unknown> {
  await writeFile(file, bytes);
  try {
    using module = await load(file);
    if (wanted !== undefined) expect(await logitsOf(module), "logits of a damaged file").to.deep.equal(wanted);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a model.pt", () => {
  it("that is cut anywhere is refused by name", () =>
    inFolder(async (folder) => {
      const file = join(folder, "model.pt");
      const lengths = [
        0,
        1,
        3,
        21,
        22,
        100,
        ...Array.from({ length: 25 }, (_, i) => Math.floor((WHOLE.length * (i + 1)) / 26)),
        WHOLE.length - 22,
        WHOLE.length - 1,
      ];
      for (const length of lengths) {
        await writeFile(file, WHOLE.subarray(0, length));
        expect((await rejection(load(file), "ERR_SCRIPT_LOAD")).message, `${length} bytes`).to.contain(file);
      }
    }));

  it("with flipped bits is refused, or gives the same logits where they mean nothing; it never ends the process", () =>
    inFolder(async (folder) => {
      const file = join(folder, "model.pt");
      using whole = await load(join(GOLDEN, "torchscript", "scripted-logits.pt"));
      const wanted = await logitsOf(whole);
      let refused = 0;
      const flips = 150;
      for (let i = 0; i < flips; i++) {
        const bytes = Buffer.from(WHOLE);
        const at = Math.floor((i * WHOLE.length) / flips + ((i * 37) % 97)) % WHOLE.length;
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (i % 8)), at);
        const error = await outcome(file, bytes, wanted);
        if (error === undefined) continue;
        refused++;
        expect(error, `byte ${at}`).to.be.instanceOf(TorchwrightError).with.property("code", "ERR_SCRIPT_LOAD");
      }
      // Padding between entries, timestamps and attributes are under no checksum.
      expect(refused / flips).to.be.above(0.7);
    }));

  it("with a damaged directory is refused", () =>
    inFolder(async (folder) => {
      const file = join(folder, "model.pt");
      const end = WHOLE.lastIndexOf("PK\x05\x06", undefined, "latin1");
      const directory = WHOLE.readUInt32LE(end + 16);
      for (const [offset, value] of [
        [end + 10, 0xffff],
        [end + 12, 0xfffffff],
        [end + 16, 0xfffffff],
        [end + 16, 0],
        [directory, 0],
        [directory + 10, 99],
        [directory + 20, 0xfffffff0],
        [directory + 28, 0xffff],
        [directory + 42, 0xfffffff0],
      ] as const) {
        const bytes = Buffer.from(WHOLE);
        bytes.writeUInt16LE(value & 0xffff, offset);
        if (value > 0xffff) bytes.writeUInt16LE(value >>> 16, offset + 2);
        const error = await outcome(file, bytes);
        expect(error, `${offset - directory}: ${value}`)
          .to.be.instanceOf(TorchwrightError)
          .with.property("code", "ERR_SCRIPT_LOAD");
      }
    }));

  it("that is another kind of file, a folder or nothing at all is refused by name", () =>
    inFolder(async (folder) => {
      const file = join(folder, "model.pt");
      const emptyZip = Buffer.concat([Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)]);
      for (const content of [
        "",
        "PK",
        "no archive at all",
        '{"json": true}',
        emptyZip,
        readFileSync(join(GOLDEN, "bert", "model.safetensors")),
        Buffer.alloc(100_000),
      ]) {
        await writeFile(file, content);
        expect((await rejection(load(file), "ERR_SCRIPT_LOAD")).message).to.contain(file);
      }
      const missing = join(folder, "nowhere.pt");
      expect((await rejection(load(missing), "ERR_FILE_NOT_FOUND")).message).to.contain(missing);
      await mkdir(join(folder, "folder.pt"));
      await rejection(load(join(folder, "folder.pt")), "ERR_SCRIPT_LOAD");
      await rejection(load(`${file}\0`), "ERR_FILE_NOT_FOUND");
      for (const none of [undefined, null, 5, {}]) await rejection(load(none as never), "ERR_INVALID_ARG");
    }));

  it("goes to a device that is there, or not at all", async () => {
    const file = join(GOLDEN, "torchscript", "scripted-logits.pt");
    await rejection(jit.load(file, { device: "gpu" }), "ERR_UNKNOWN_DEVICE");
    if (!cudaStatus().available) await rejection(jit.load(file, { device: "cuda" }), "ERR_DEVICE_UNAVAILABLE");
  });

  it("opens though its warning is made an error by nobody", async () => {
    const warned = once(process, "warning");
    const module = await load(join(GOLDEN, "torchscript", "traced-eval.pt"));
    expect((await warned)[0]).to.have.property("code", "WARN_BAKED_DROPOUT");
    expect(module.hasBakedDropout).to.equal(true);
    module.dispose();
  });
});

describe("a TorchScript module", () => {
  const twice = (source: string): ScriptModule => ScriptModule.compile({ className: "Twice", source });
  const SOURCE =
    "\ndef forward(self, x: Tensor, factor: int = 2) -> Tensor:\n    return x * factor\n\ndef both(self, x: Tensor) -> Dict[str, Tensor]:\n    return {'x': x, 'y': x + 1}\n\ndef fail(self, x: Tensor) -> Tensor:\n    assert x.dim() == 7, 'on purpose'\n    return x\n";
  let module: ScriptModule;

  before(() => {
    module = twice(SOURCE);
  });
  after(() => module.dispose());

  it("has integers of its own, whatever their names mean to ATen's operators", () =>
    scope(async () => {
      const other = ScriptModule.compile({
        className: "Named",
        source: "\ndef forward(self, reduction: int) -> int:\n    return reduction + 1\n",
      });
      expect(await other.forward([41])).to.equal(42);
      await rejection(other.forward(["mean"]), "ERR_SCRIPT_CALL");
      other.dispose();
    }));

  it("takes a list of booleans as one", () =>
    scope(async () => {
      const counting = ScriptModule.compile({
        className: "Counting",
        source:
          "\ndef forward(self, mask: List[bool]) -> int:\n    n = 0\n    for one in mask:\n        if one:\n            n += 1\n    return n\n",
      });
      expect(await counting.forward([[true, false, true]])).to.equal(2);
      await rejection(counting.forward([[1, 0, 1]]), "ERR_SCRIPT_CALL");
      counting.dispose();
    }));

  it("gives a dictionary's keys as text, complex numbers as their parts, and of what has no form nothing at all", () =>
    scope(async () => {
      const giving = ScriptModule.compile({
        className: "Giving",
        source:
          "\ndef forward(self, x: Tensor) -> Dict[int, Tensor]:\n    return {1: x, 20: x + 1}\n\ndef number(self, x: Tensor) -> complex:\n    return complex(1, 2)\n\ndef stream(self, x: Tensor) -> Tuple[Tensor, Dict[float, Tensor]]:\n    return x + 1, {0.5: x}\n",
      });
      const x = ops.ones([1]);
      const record = (await giving.forward([x])) as Readonly<Record<string, Tensor>>;
      expect(Object.entries(record).map(([key, tensor]) => [key, tensor.toArray()])).to.deep.equal([
        ["1", [1]],
        ["20", [2]],
      ]);
      expect(await giving.call("number", [x])).to.deep.equal({ re: 1, im: 2 });
      const { liveTensors } = memory();
      expect((await rejection(giving.call("stream", [x]), "ERR_NATIVE")).message).to.contain("Double");
      expect(memory().liveTensors).to.equal(liveTensors);
      giving.dispose();
    }));

  it("takes positional and named arguments, and gives records for dictionaries", () =>
    scope(async () => {
      const x = ops.ones([2]);
      expect(((await module.forward([x])) as Tensor).toArray()).to.deep.equal([2, 2]);
      expect(((await module.forward([x, 3])) as Tensor).toArray()).to.deep.equal([3, 3]);
      expect(((await module.forward([], { factor: 5, x })) as Tensor).toArray()).to.deep.equal([5, 5]);
      const { x: same, y } = (await module.call("both", [x])) as { x: Tensor; y: Tensor };
      expect([same.toArray(), y.toArray()]).to.deep.equal([
        [1, 1],
        [2, 2],
      ]);
      expect(module.schema()).to.deep.equal([
        { name: "x", type: "Tensor", optional: false },
        { name: "factor", type: "int", optional: true },
      ]);
    }));

  it("refuses arguments that do not fit, naming what it takes and what it got", () =>
    scope(async () => {
      const x = ops.ones([2]);
      for (const [args, named] of [
        [[]],
        [[x, 1, 2]],
        [[1]],
        [[x, "2"]],
        [[x, 0.5]],
        [[x], { y: x }],
        [[x], { x }],
        [[[x]]],
        [[null]],
        [[x, {}]],
      ] as const) {
        const { message } = await rejection(module.forward(args, named), "ERR_SCRIPT_CALL");
        expect(message).to.contain("Tensor x, int factor=2");
      }
      await rejection(module.call("backwards", [x]), "ERR_SCRIPT_CALL");
      for (const none of [undefined, 5, null, Symbol("s")]) {
        await rejection(module.call(none as never, [x]), "ERR_INVALID_ARG");
      }
      thrown(() => module.schema("backwards"), "ERR_SCRIPT_CALL");
    }));

  it("gives an operator's reason first, then TorchScript's trace", () =>
    scope(async () => {
      const { message } = await rejection(module.call("fail", [ops.ones([2])]), "ERR_OPERATOR_FAILED");
      expect(message)
        .to.match(/^fail: .*on purpose/)
        .and.to.contain("assert x.dim() == 7");
    }));

  it("that does not compile says where", () => {
    for (const source of [
      "def",
      "\ndef forward(self):\n    return undefined_name\n",
      "\ndef forward(self, x: Tensor) -> str:\n    return x\n",
    ]) {
      thrown(() => twice(source), "ERR_SCRIPT_COMPILE");
    }
  });

  it("is an error after dispose, once or twice", async () => {
    const gone = twice(SOURCE);
    gone.dispose();
    gone[Symbol.dispose]();
    for (const work of [
      () => gone.names(),
      () => gone.schema(),
      () => gone.namedParameters(),
      () => gone.submodule(""),
      () => gone.train(),
      () => gone.hasBakedDropout,
    ]) {
      thrown(work, "ERR_MODULE_DISPOSED");
    }
    await rejection(gone.forward([]), "ERR_MODULE_DISPOSED");
    await rejection(gone.to("cpu"), "ERR_MODULE_DISPOSED");
    await rejection(gone.save(join(GOLDEN, "never.pt")), "ERR_MODULE_DISPOSED");
  });

  it("names the file that was asked for where it cannot be written, and leaves nothing beside it", () =>
    inFolder(async (folder) => {
      using module = twice(SOURCE);
      const file = join(folder, "nowhere", "model.pt");
      const { message } = await rejection(module.save(file), "ERR_FILE_WRITE");
      expect(message).to.include(file).and.not.include(".tmp");
      await mkdir(join(folder, "model.pt"));
      await rejection(module.save(join(folder, "model.pt")), "ERR_FILE_WRITE"); // a folder is there
      expect(readdirSync(folder)).to.deep.equal(["model.pt"]);
    }));

  it("finishes a call that was queued before dispose", () =>
    scope(async () => {
      const gone = twice(SOURCE);
      const call = gone.forward([ops.ones([500, 500])]);
      gone.dispose();
      expect(await call)
        .to.have.property("shape")
        .deep.equal([500, 500]);
    }));

  it("has baked dropout where attention's is a number, not where it follows train() or is none", () => {
    const baked = (dropout: string): boolean => {
      using attention = ScriptModule.compile({
        className: "Attention",
        source: `\ndef forward(self, x: Tensor) -> Tensor:\n    return torch.scaled_dot_product_attention(x, x, x, None, ${dropout})\n`,
      });
      return attention.hasBakedDropout;
    };
    expect(["0.1", "0.1 if self.training else 0.0", "0.0"].map(baked)).to.deep.equal([true, false, false]);
  });

  it("has baked dropout where its switch is fixed, on or off, unless nothing is dropped in any case", () => {
    const baked = (args: string): boolean => {
      using dropout = ScriptModule.compile({
        className: "Dropping",
        source: `\ndef forward(self, x: Tensor) -> Tensor:\n    return torch.dropout(x, ${args})\n`,
      });
      return dropout.hasBakedDropout;
    };
    expect(["0.1, True", "0.1, False", "0.1, self.training", "0.0, True"].map(baked)).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
  });

  it("is no classifier where its forward takes or gives something else", () =>
    scope(async () => {
      thrown(() => new ScriptClassifier(module, ["a", "b"]), "ERR_INVALID_ARG");
      const odd = ScriptModule.compile({
        className: "Odd",
        source: "\ndef forward(self, input_ids: Tensor) -> int:\n    return 1\n",
      });
      const classifier = new ScriptClassifier(odd, ["a", "b"]);
      await rejection(classifier.forward({ inputIds: ops.ones([1, 1]) }), "ERR_OUTPUT_NOT_UNDERSTOOD");
      await rejection(classifier.forward({}), "ERR_INVALID_ARG");
      const three = ScriptModule.compile({
        className: "Three",
        source: "\ndef forward(self, input_ids: Tensor) -> Tensor:\n    return torch.zeros([input_ids.size(0), 3])\n",
      });
      await rejection(
        new ScriptClassifier(three, ["a", "b"]).forward({ inputIds: ops.ones([2, 1]) }),
        "ERR_LABEL_COUNT",
      );
      [odd, three].forEach((one) => one.dispose());
    }));
});
