/** The manifest of a saved folder: damage to weights or vocabulary is an error that names the file. */
import { expect } from "chai";
import { createHash } from "node:crypto";
import { appendFile, cp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jit } from "../../lib/jit/load";
import { loadTextClassifier } from "../../lib/models/auto-classifier";
import { BertForSequenceClassification as Bert } from "../../lib/models/bert-for-sequence-classification";
import { hashFiles } from "../../lib/models/hash-files";
import { ScriptClassifier } from "../../lib/models/script-classifier";
import { Classifier } from "../../lib/predict/classifier";
import { memory } from "../../lib/tensor/memory";
import { rejection } from "../support/rejection";
import { inFolder, LABELS, tinyBert, tinyTokenizer } from "../support/tiny-bert";

const CPU = { device: "cpu" } as const;

interface Manifest {
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Flips one bit of a file, in place. */
async function flipBit(file: string, at: number): Promise<void> {
  const handle = await open(file, "r+");
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await handle.write(byte, 0, 1, at);
  } finally {
    await handle.close();
  }
}

/** A saved folder, as `use` finds it. */
function saved(use: (folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (root) => {
    const folder = join(root, "model");
    const model = tinyBert();
    const tokenizer = await tinyTokenizer();
    await model.save(folder, { tokenizer, files: { "training.json": "{}" } });
    model.dispose();
    await use(folder);
  });
}

async function expectRefused(folder: string, parts: readonly string[]): Promise<void> {
  const before = memory().liveTensors;
  const { message } = await rejection(Bert.fromPretrained(folder, CPU), "ERR_CHECKSUM");
  for (const part of parts) expect(message).to.contain(part);
  expect(memory().liveTensors, "live tensors").to.equal(before);
}

describe("a saved folder's manifest", () => {
  it("lists size and SHA-256 of weights and vocabulary, and nothing that people edit", () =>
    saved(async (folder) => {
      const { files } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
      expect(Object.keys(files)).to.include.members(["model.safetensors", "tokenizer.json"]);
      expect(files).to.not.have.any.keys("config.json", "training.json", "tokenizer_config.json", "manifest.json");
      for (const [name, { bytes, sha256 }] of Object.entries(files)) {
        const content = await readFile(join(folder, name));
        expect([bytes, sha256], name).to.deep.equal([
          content.length,
          createHash("sha256").update(content).digest("hex"),
        ]);
      }
    }));

  it("a bit flipped anywhere in the weights is an error that names the file, and the remedy", () =>
    saved(async (folder) => {
      const file = join(folder, "model.safetensors");
      const content = await readFile(file);
      const header = Number(content.readBigUInt64LE(0));
      for (const at of [3, 20, 8 + header, 8 + header + 1000, content.length - 1]) {
        await flipBit(file, at);
        await expectRefused(folder, [file, "SHA-256", "manifest.json"]);
        await flipBit(file, at);
      }
      (await Bert.fromPretrained(folder, CPU)).dispose();
    }));

  it("so are a file that was cut, one that grew, and one that is gone", () =>
    saved(async (folder) => {
      const file = join(folder, "model.safetensors");
      const content = await readFile(file);
      await truncate(file, content.length - 4);
      await expectRefused(folder, [file, `${content.length - 4} bytes, not ${content.length}`]);
      await writeFile(file, content);
      await appendFile(file, "x");
      await expectRefused(folder, [file, `${content.length + 1} bytes`]);
      await rm(file);
      await expectRefused(folder, [file, "missing"]);
    }));

  it("the classifier notices a damaged vocabulary", () =>
    saved(async (folder) => {
      const file = join(folder, "tokenizer.json");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace('"good"', '"gooe"'));
      const { message } = await rejection(Classifier.load(folder, CPU), "ERR_CHECKSUM");
      expect(message).to.contain(file);
    }));

  it("settings may be edited, and a folder without a manifest, or with another program's, loads", () =>
    saved(async (folder) => {
      const config = join(folder, "config.json");
      await writeFile(config, (await readFile(config, "utf8")).replace('"good"', '"fine"').replace('"good"', '"fine"'));
      const model = await Bert.fromPretrained(folder, CPU);
      expect(model.labels).to.include("fine");
      model.dispose();
      const last = (await readFile(join(folder, "model.safetensors"))).length - 1;
      await flipBit(join(folder, "model.safetensors"), last);
      await writeFile(join(folder, "manifest.json"), JSON.stringify({ name: "a web application" }));
      (await Bert.fromPretrained(folder, CPU)).dispose();
      await rm(join(folder, "manifest.json"));
      (await Bert.fromPretrained(folder, CPU)).dispose();
    }));

  it("a manifest that is itself damaged, or names files elsewhere, is an error", () =>
    saved(async (folder) => {
      const file = join(folder, "manifest.json");
      const text = await readFile(file, "utf8");
      const damages = [
        text.slice(0, -9),
        text.replace('"version": 1', '"version": 2'),
        text.replace('"model.safetensors"', '"../model.safetensors"'),
        text.replace(/"bytes": \d+/, '"bytes": "1"'),
      ];
      for (const damage of damages) {
        await writeFile(file, damage);
        await expectRefused(folder, [file]);
      }
    }));

  it("a copied folder loads, and saving over a folder renews the manifest", () =>
    saved(async (folder) => {
      await cp(folder, `${folder}-copy`, { recursive: true });
      const model = await Bert.fromPretrained(`${folder}-copy`, { ...CPU, dtype: "float16" });
      await model.save(folder);
      model.dispose();
      (await Bert.fromPretrained(folder, CPU)).dispose();
    }));

  it("a TorchScript folder has one as well", () =>
    inFolder(async (root) => {
      const model = tinyBert();
      await model.saveTorchScript(join(root, "bert.pt"));
      model.dispose();
      const script = new ScriptClassifier(await jit.load(join(root, "bert.pt"), CPU), LABELS);
      const folder = join(root, "model");
      await script.save(folder);
      script.dispose();
      (await loadTextClassifier(folder, CPU)).dispose();
      await flipBit(join(folder, "model.pt"), 2000);
      const { message } = await rejection(loadTextClassifier(folder, CPU), "ERR_CHECKSUM");
      expect(message).to.contain("model.pt");
    }));
});

describe("hashFiles", () => {
  it("gives the same for large files, which a worker reads, as for small ones", () =>
    inFolder(async (root) => {
      const contents = [Buffer.alloc(0), Buffer.from("abc"), Buffer.alloc((5 << 20) + 7, "torch")];
      const files = contents.map((_, i) => join(root, String(i)));
      for (const [i, content] of contents.entries()) await writeFile(files[i] as string, content);
      const expected = contents.map((content) => createHash("sha256").update(content).digest("hex"));
      expect(await hashFiles(files)).to.deep.equal(expected);
      expect(await hashFiles(files.slice(0, 2))).to.deep.equal(expected.slice(0, 2));
      await rm(files[2] as string);
      const error: unknown = await hashFiles(files).catch((reason: unknown) => reason);
      expect(error).to.have.property("code", "ENOENT");
    }));
});
