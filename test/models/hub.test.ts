/** Models by name: whatever takes a folder takes a name on the hub, and computes the same. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { HubOptions } from "../../lib/hub/options";
import { loadTextClassifier } from "../../lib/models/auto-classifier";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { readCalibration } from "../../lib/models/calibration";
import type { TextClassifier } from "../../lib/models/model";
import { ModuleClassifier } from "../../lib/models/module-classifier";
import * as nn from "../../lib/nn/nn";
import { Classifier } from "../../lib/predict/classifier";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import { addCommit, type HubRepository, type HubServer, repositoryOf, serveHub } from "../support/hub-server";
import { rejection } from "../support/rejection";
import { inFolder, LABELS, tinyBert, tinyTokenizer, writeTokenizer } from "../support/tiny-bert";

class Bag extends nn.Module {
  readonly words = new nn.Embedding(30, 2);
  forward({ inputIds }: { readonly inputIds: Tensor }): Tensor {
    return this.words.forward(inputIds).mean([1]); // [batch, sequence] → [batch, 2]
  }
}

/** The files of a folder, by name. */
async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name))] as const)),
  );
}

describe("what takes a model's folder takes its name on the hub", () => {
  let hub: HubServer;
  let cacheDir: string;
  let repository: HubRepository;
  let options: HubOptions;
  let expected: number[][];

  async function logits(model: TextClassifier): Promise<number[][]> {
    model.eval();
    return scope(
      async () => (await model.forward({ inputIds: Tensor.from([[2n, 7n, 9n, 3n]]) })).logits.toArray() as number[][],
    );
  }

  before(async () => {
    await inFolder(async (root) => {
      const folder = path.join(root, "model");
      using model = tinyBert();
      await model.save(folder, { tokenizer: await tinyTokenizer(), calibration: { temperature: 2 } });
      repository = repositoryOf({ ...(await filesOf(folder)), "pytorch_model.bin": "a pickle", "README.md": "# Tiny" });
      expected = await logits(model);
      const adapter = path.join(root, "adapter");
      await model.addAdapter({ seed: 1 });
      await model.saveAdapter(adapter);
      const bag = path.join(root, "bag");
      using module = new ModuleClassifier(new Bag(), LABELS);
      await module.save(bag);
      const bare = path.join(root, "bare");
      await model.mergeAdapter();
      await model.save(bare);
      await rm(path.join(bare, "manifest.json"));
      await writeTokenizer(bare);
      hub = await serveHub({
        "org/tiny": repository,
        "org/adapter": repositoryOf(await filesOf(adapter)),
        "org/bag": repositoryOf(await filesOf(bag)),
        bare: repositoryOf(await filesOf(bare)),
      });
    });
  });
  after(() => hub.close());
  beforeEach(async () => {
    cacheDir = await mkdtemp(path.join(tmpdir(), "hub-cache-"));
    options = { endpoint: hub.url, cacheDir, token: false, progress: "silent" };
    hub.requests.length = 0;
  });
  afterEach(() => rm(cacheDir, { recursive: true, force: true }));

  const fetched = (): string[] =>
    hub.requests.flatMap(({ path: place }) => /^\/[^/]+(?:\/[^/]+)?\/resolve\/[^/]+\/(.+)$/.exec(place)?.[1] ?? []);

  it("BertForSequenceClassification.fromPretrained: the same logits, from data alone", async () => {
    using model = await BertForSequenceClassification.fromPretrained("org/tiny", { ...options, device: "cpu" });
    expect(model.labels).to.deep.equal(LABELS);
    expect(await logits(model)).to.deep.equal(expected);
    expect(fetched())
      .to.include.members(["config.json", "model.safetensors", "manifest.json"])
      .and.to.not.include.members(["pytorch_model.bin"]);
    expect(fetched()).to.not.include("README.md");
  });

  it("BertForSequenceClassification.fromPretrained: a name without owner, a folder that Hugging Face would write", async () => {
    using model = await BertForSequenceClassification.fromPretrained("bare", { ...options, device: "cpu" });
    expect(model.labels).to.deep.equal(LABELS);
    expect(fetched()).to.deep.equal(["config.json", "model.safetensors"]);
  });

  it("AutoTokenizer.fromPretrained", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained("org/tiny", options);
    const { ids } = await tokenizer.encode("the film was good");
    expect([...ids]).to.deep.equal([...(await (await tinyTokenizer()).encode("the film was good")).ids]);
    expect(fetched()).to.include("vocab.txt").and.to.not.include("model.safetensors");
  });

  it("Classifier.load: model, tokenizer and calibration of one commit, found without network later", async () => {
    using classifier = await Classifier.load("org/tiny", { ...options, device: "cpu" });
    expect(classifier.calibration).to.deep.equal({ temperature: 2 });
    const { label, probability } = await classifier.predict("the film was good");
    expect(hub.requests.filter(({ path: place }) => place.includes("/revision/"))).to.have.length(1);
    hub.requests.length = 0;
    using again = await Classifier.load("org/tiny", { ...options, device: "cpu", localFilesOnly: true });
    expect(await again.predict("the film was good")).to.deep.include({ label, probability });
    expect(hub.requests).to.deep.equal([]);
  });

  it("loadTextClassifier, readCalibration, ModuleClassifier.load and loadAdapter", async () => {
    const loaded = await loadTextClassifier("org/tiny", { ...options, device: "cpu" });
    using bert = loaded as BertForSequenceClassification;
    expect(await logits(loaded)).to.deep.equal(expected);
    expect(await readCalibration("org/tiny", options)).to.deep.equal({ temperature: 2 });
    expect(await readCalibration("bare", options)).to.equal(undefined);
    using module = await ModuleClassifier.load("org/bag", new Bag(), "single-label", options);
    expect(module.labels).to.deep.equal(LABELS);
    await bert.loadAdapter("org/adapter", options);
    expect(bert.adapterConfig?.r).to.equal(8);
    expect(fetched()).to.include("adapter_model.safetensors");
  });

  it("a pinned revision stays what it was when the branch moves on", async () => {
    const pinned = repository.refs.get("main") as string;
    const files = Object.fromEntries(
      [...(repository.commits.get(pinned) ?? [])].map(([name, { content }]) => [name, content]),
    );
    const config = JSON.parse(String(files["config.json"])) as Record<string, unknown>;
    const renamed = JSON.stringify({ ...config, id2label: { 0: "yes", 1: "no" }, label2id: { yes: 0, no: 1 } });
    addCommit(repository, { ...files, "config.json": renamed }, ["main", "v2"]);
    try {
      using newest = await BertForSequenceClassification.fromPretrained("org/tiny", { ...options, device: "cpu" });
      using old = await BertForSequenceClassification.fromPretrained("org/tiny", {
        ...options,
        device: "cpu",
        revision: pinned,
      });
      expect([newest.labels, old.labels]).to.deep.equal([["yes", "no"], LABELS]);
    } finally {
      repository.refs.set("main", pinned);
    }
  });

  it("no network is touched for what is a folder, also one that a killed save left beside its place", async () => {
    const before = process.cwd();
    await inFolder(async (root) => {
      process.chdir(root);
      try {
        using model = tinyBert();
        await model.save("org/tiny", { tokenizer: await tinyTokenizer() });
        using local = await BertForSequenceClassification.fromPretrained("org/tiny", {
          ...options,
          device: "cpu",
          revision: "v2",
        });
        expect(local.labels).to.deep.equal(LABELS);
        await AutoTokenizer.fromPretrained("org/tiny", options);
        // Moved out of the way by a process that is no more.
        await rename("org/tiny", "org/.tiny.999999999-0123abcd.old");
        await AutoTokenizer.fromPretrained("org/tiny", options);
      } finally {
        process.chdir(before);
      }
    });
    expect(hub.requests).to.deep.equal([]);
  });

  it("damage in the cache is noticed by the manifest that came with the weights", async () => {
    await Classifier.load("org/tiny", { ...options, device: "cpu" }).then((classifier) => classifier.dispose());
    const weights = path.join(
      cacheDir,
      "models--org--tiny",
      "snapshots",
      repository.refs.get("main") as string,
      "model.safetensors",
    );
    const bytes = await readFile(weights);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(weights, bytes); // through the link
    await rejection(Classifier.load("org/tiny", { ...options, device: "cpu" }), "ERR_CHECKSUM");
  });

  it("a wrong name is an error before anything is fetched", async () => {
    const wrong = 5 as unknown as string;
    const given = { ...options, device: "cpu" };
    for (const work of [
      () => BertForSequenceClassification.fromPretrained(wrong, given),
      () => AutoTokenizer.fromPretrained(wrong, options),
      () => Classifier.load(wrong, given),
      () => loadTextClassifier(wrong, given),
      () => readCalibration(wrong, options),
      () => ModuleClassifier.load(wrong, new Bag(), "single-label", options),
    ]) {
      expect((await rejection(work(), "ERR_INVALID_ARG")).message).to.match(
        /expected .*folder.* or .*name on the hub, got 5/,
      );
    }
    expect(hub.requests).to.deep.equal([]);
  });
});
