/**
 * Files of `torch.save`: what Python wrote is read, what is damaged or more than data is refused.
 * `scripts/golden/torch_files.py` writes them.
 */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TorchwrightError } from "../../lib/errors";
import type { Unpickled } from "../../lib/jit/pickle-reader";
import { TensorReference } from "../../lib/jit/tensor-reference";
import { readTorchFile, type TorchFile } from "../../lib/jit/read-torch-file";
import { writeTorchFile } from "../../lib/jit/write-torch-file";
import { readDirectory, type ZipSource } from "../../lib/jit/zip-directory";
import { directory, entryHeader } from "../../lib/jit/zip-layout";
import { noGrad } from "../../lib/autograd/grad-mode";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN, readGolden } from "../support/golden";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const FOLDER = join(GOLDEN, "torch_files");
const WHOLE = readFileSync(join(FOLDER, "values.pt"));
const { values } = readGolden<{ readonly values: unknown }>("torch_files.json");
const open = (path: string): Promise<TorchFile> => readTorchFile("test", path);

/** As `scripts/golden/torch_files.py` writes values; reads the tensors. */
async function toJson({ value, read }: TorchFile): Promise<unknown> {
  const convert = async (one: Unpickled): Promise<unknown> => {
    if (one instanceof TensorReference) {
      const [tensor] = await read([one]);
      const numbers = Array.from((tensor as Tensor).contiguous().toTypedArray(), Number);
      return { dtype: (tensor as Tensor).dtype, shape: (tensor as Tensor).shape, numbers };
    }
    if (one instanceof Map) {
      return {
        pairs: await Promise.all(
          [...(one as ReadonlyMap<string, Unpickled>)].map(async ([key, entry]) => [key, await convert(entry)]),
        ),
      };
    }
    if (Array.isArray(one)) return Promise.all((one as readonly Unpickled[]).map(convert));
    return typeof one === "bigint" ? { integer: String(one) } : one;
  };
  return scope(async () => convert(value));
}

describe("a file of torch.save", () => {
  for (const name of ["values.pt", "protocol4.pt"]) {
    it(`is read as Python has it: ${name}`, async () => {
      expect(await toJson(await open(join(FOLDER, name)))).to.deep.equal(values);
    });
  }

  it("is refused where it asks for a function, and names it", async () => {
    const { message } = await rejection(open(join(FOLDER, "call.pt")), "ERR_TORCH_FILE");
    expect(message)
      .to.match(/system/)
      .and.contain(join(FOLDER, "call.pt"));
  });

  it("is refused where it is of an older format, TorchScript, text, nothing, a folder or not there", () =>
    inFolder(async (folder) => {
      expect((await rejection(open(join(FOLDER, "legacy.pt")), "ERR_TORCH_FILE")).message).to.contain("1.6");
      await rejection(open(join(GOLDEN, "torchscript", "scripted-logits.pt")), "ERR_TORCH_FILE");
      for (const [name, content] of [
        ["text", "no zip"],
        ["empty", ""],
        ["end", Buffer.concat([Buffer.from("PK\x05\x06"), Buffer.alloc(18)])],
      ] as const) {
        await writeFile(join(folder, name), content);
        await rejection(open(join(folder, name)), "ERR_TORCH_FILE");
      }
      await rejection(open(folder), "ERR_TORCH_FILE");
      await rejection(open(join(folder, "none.pt")), "ERR_FILE_NOT_FOUND");
      for (const path of ["", 5, undefined, null, {}]) await rejection(open(path as string), "ERR_INVALID_ARG");
    }));

  it("that is cut anywhere is refused", () =>
    inFolder(async (folder) => {
      const file = join(folder, "cut.pt");
      for (let length = 0; length < WHOLE.length; length += 97) {
        await writeFile(file, WHOLE.subarray(0, length));
        await rejection(open(file), "ERR_TORCH_FILE");
      }
    }));

  it("with a flipped bit is refused, or read as it was where the bit means nothing", () =>
    inFolder(async (folder) => {
      const file = join(folder, "flipped.pt");
      let refused = 0;
      const flips = 80;
      for (let i = 0; i < flips; i++) {
        const bytes = Buffer.from(WHOLE);
        const at = Math.floor((i * WHOLE.length) / flips);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (i % 8)), at);
        await writeFile(file, bytes);
        try {
          expect(await toJson(await open(file)), `byte ${at}`).to.deep.equal(values);
        } catch (error) {
          if (!(error instanceof TorchwrightError)) throw error;
          expect(error.code, error.message).to.equal("ERR_TORCH_FILE");
          refused++;
        }
      }
      // Most bytes are padding between entries, names and times in headers.
      expect(refused).to.be.greaterThan(flips / 5);
    }));
});

describe("writeTorchFile", () => {
  const strides = (tensor: Tensor): readonly number[] =>
    tensor.shape.map((_, dim) =>
      (ops as unknown as { stride(tensor: Tensor, dim: number): number }).stride(tensor, dim),
    );

  it("writes what is read again, of every dtype and however it lies in memory", () =>
    inFolder((folder) =>
      scope(async () => {
        const file = join(folder, "values.pt");
        const base = ops.arange(24, { dtype: "float32" });
        const tensors = [
          ...(
            ["float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64"] as const
          ).map((dtype) => Tensor.from([0, 1, 1]).to(dtype)),
          base.view([4, 6]),
          base.view([4, 6]).t(),
          base.view([2, 3, 4]).permute([2, 0, 1]),
          ops.zeros([0, 3]),
          Tensor.from(5),
        ];
        const written = tensors.map((tensor) => ({ tensor, strides: strides(tensor) }));
        await writeTorchFile("test", file, written, async (references) => references);
        const { value, read } = await open(file);
        const references = value as readonly TensorReference[];
        const again = await read(references);
        again.forEach((tensor, i) => {
          expect(tensor.dtype).to.equal(tensors[i]?.dtype);
          expect(tensor.toArray()).to.deep.equal(tensors[i]?.toArray());
        });
        expect(
          references.map((reference) => [...reference.strides]),
          "layouts are kept",
        ).to.deep.equal(written.map((one) => [...one.strides]));
        expect(await readdir(folder)).to.deep.equal(["values.pt"]);
      }),
    ));

  it("aligns tensors to 64 bytes, and leaves out those that nothing refers to", () =>
    inFolder((folder) =>
      scope(async () => {
        const file = join(folder, "values.pt");
        const tensors = [1, 2, 3].map((count) => ({
          tensor: ops.full([count * 7], count, { dtype: "float32" }),
          strides: [1],
        }));
        await writeTorchFile("test", file, tensors, async ([, second, third]) => [
          second as TensorReference,
          third as TensorReference,
        ]);
        const bytes = await readFile(file);
        const { value, read } = await open(file);
        const [second, third] = await read(value as readonly TensorReference[]);
        expect([second?.numel, third?.numel]).to.deep.equal([14, 21]);
        for (const count of [2, 3]) {
          const content = Buffer.from(new Float32Array(count * 7).fill(count).buffer);
          expect(bytes.indexOf(content) % 64).to.equal(0);
        }
        expect(bytes.toString("latin1")).not.to.match(/archive\/data\/0[^]*archive\/data\/0/);
      }),
    ));

  it("writes the values of the time of the call, whatever is queued after it", () =>
    inFolder((folder) =>
      scope(async () => {
        const file = join(folder, "values.pt");
        const tensor = ops.zeros([1000]);
        const written = writeTorchFile("test", file, [{ tensor, strides: [1] }], async (references) => references);
        noGrad(() => tensor.add_(1));
        await written;
        const { value, read } = await open(file);
        const [again] = await read(value as readonly TensorReference[]);
        expect(again?.sum().item()).to.equal(0);
      }),
    ));

  it("keeps the old file where the new one cannot be written", () =>
    inFolder((folder) =>
      scope(async () => {
        const file = join(folder, "values.pt");
        await writeFile(file, "old");
        const tensor = ops.zeros([2]);
        await rejection(
          writeTorchFile("test", file, [{ tensor, strides: [1] }], () => Promise.reject(new Error("no"))),
          "ERR_FILE_WRITE",
        );
        expect(await readFile(file, "utf8")).to.equal("old");
        expect(await readdir(folder)).to.deep.equal(["values.pt"]);
        await rejection(
          writeTorchFile(
            "test",
            join(folder, "none", "values.pt"),
            [{ tensor, strides: [1] }],
            async (references) => references,
          ),
          "ERR_FILE_WRITE",
        );
        await rejection(
          writeTorchFile("test", join(folder, "none", "values.pt"), [], async () => []),
          "ERR_FILE_WRITE",
        );
        const unsigned = Tensor.from([1], { dtype: "uint16" });
        await rejection(
          writeTorchFile("test", file, [{ tensor: unsigned, strides: [1] }], async () => []),
          "ERR_INVALID_ARG",
        );
      }),
    ));
});

describe("a zip archive beyond 4 GB", () => {
  const GB = 2 ** 30;

  it("is found by its 64-bit fields", async () => {
    const entries = [
      { name: "archive/data/0", crc: 1, size: 5 * GB, offset: 0 },
      { name: "archive/data/1", crc: 2, size: 100, offset: 5 * GB + 128 },
      { name: "archive/data/2", crc: 3, size: 6 * GB, offset: 6 * GB },
    ];
    const start = 12 * GB + 192;
    const end = directory(entries, start);
    // Zeros before the directory: the end is looked for in the last 64 kB, which begin there.
    const read = (buffer: Buffer, at: number, length: number, position: number): Promise<{ bytesRead: number }> => {
      end.copy(
        buffer,
        at + Math.max(0, start - position),
        Math.max(0, position - start),
        Math.max(0, position - start + length),
      );
      return Promise.resolve({ bytesRead: length });
    };
    const source = {
      path: "virtual",
      size: start + end.length,
      file: { read },
      scratch: Buffer.alloc(0),
    } as unknown as ZipSource;
    expect(await readDirectory(source)).to.deep.equal(entries.map((entry) => ({ ...entry, method: 0 })));
  });

  it("has headers that align what follows, with both sizes", () => {
    for (const offset of [0, 1, 63, 64, 61, 5 * GB + 7]) {
      for (const size of [0, 10, 5 * GB]) {
        const header = entryHeader({ name: "archive/data/17", crc: 0, size, offset });
        expect((offset + header.length) % 64, `${offset}, ${size}`).to.equal(0);
        if (size > 2 ** 32) {
          expect([header.readBigUInt64LE(30 + 15 + 4), header.readBigUInt64LE(30 + 15 + 12)]).to.deep.equal([
            BigInt(size),
            BigInt(size),
          ]);
        }
      }
    }
  });
});
