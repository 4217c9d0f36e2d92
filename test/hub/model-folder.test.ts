import { lstat, readdir, readFile, readlink, rm, unlink, utimes, writeFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { MODEL_FILES } from "../../lib/models/hub-files";
import { together } from "../../lib/hub/selection";
import { TOKENIZER_SELECTION } from "../../lib/text/tokenizer-files";
import { addCommit, etagOf, gitBlob, repositoryOf, sha256 } from "../support/hub-server";
import { inFolder } from "../support/tiny-bert";
import { FILES, type ScratchHub, scratchHub, WEIGHTS } from "./scratch-hub";

describe("a model by its name on the hub", () => {
  let scratch: ScratchHub;
  beforeEach(async () => (scratch = await scratchHub()));
  afterEach(() => scratch.close());

  const mainCommit = (): string => scratch.repository.refs.get("main") as string;

  it("is downloaded into the layout of Hugging Face's cache", async () => {
    const folder = await scratch.folder();
    const place = path.join(scratch.cacheDir, "models--org--tiny");
    expect(folder).to.equal(path.join(place, "snapshots", mainCommit()));
    expect((await readdir(folder)).sort()).to.deep.equal(["config.json", "model.safetensors"]);
    expect(await readFile(path.join(place, "refs", "main"), "utf8")).to.equal(mainCommit());
    expect((await readdir(path.join(place, "blobs"))).sort()).to.deep.equal(
      [gitBlob(Buffer.from(FILES["config.json"] as string)), sha256(WEIGHTS)].sort(),
    );
    expect(await readlink(path.join(folder, "model.safetensors"))).to.equal(
      path.join("..", "..", "blobs", sha256(WEIGHTS)),
    );
    expect((await readFile(path.join(folder, "model.safetensors"))).equals(WEIGHTS)).to.equal(true);
    expect((await readdir(path.join(place, ".no_exist", mainCommit()))).sort()).to.deep.equal([
      "calibration.json",
      "manifest.json",
    ]);
    expect(await readdir(path.join(scratch.cacheDir, ".locks", "models--org--tiny"))).to.deep.equal([]);
  });

  it("costs only the files that are needed, and nothing the second time but the question which commit it is", async () => {
    await scratch.folder();
    const asked = scratch.asked();
    expect(asked.filter((line) => line.includes("/resolve/"))).to.deep.equal([
      `hub /org/tiny/resolve/${mainCommit()}/config.json`,
      `hub /org/tiny/resolve/${mainCommit()}/model.safetensors`,
    ]);
    expect(asked.filter((line) => line.startsWith("cdn"))).to.have.length(1);
    expect(asked.join()).to.not.match(/onnx|pytorch|flax|h5/);
    await scratch.folder();
    expect(scratch.asked()).to.deep.equal(["hub /api/models/org/tiny/revision/main"]);
  });

  it("shares files between its selections and its commits", async () => {
    await scratch.folder();
    scratch.asked();
    const whole = together(MODEL_FILES, TOKENIZER_SELECTION);
    await scratch.folder({}, "org/tiny", whole);
    expect(
      scratch
        .asked()
        .filter((line) => line.includes("/resolve/"))
        .map((line) => path.basename(line)),
    ).to.deep.equal(["tokenizer.json", "vocab.txt"]);
    const next = addCommit(scratch.repository, { ...FILES, "config.json": '{"model_type":"bert","x":1}' }, ["main"]);
    expect(await scratch.folder({}, "org/tiny", whole)).to.equal(
      path.join(scratch.cacheDir, "models--org--tiny", "snapshots", next),
    );
    expect(
      scratch
        .asked()
        .filter((line) => line.includes("/resolve/"))
        .map((line) => path.basename(line)),
    ).to.deep.equal(["config.json"]);
  });

  it("stays what it was under a pinned commit or tag, and a pinned commit needs no network once it is there", async () => {
    const first = mainCommit();
    scratch.repository.refs.set("v1", first).set("refs/pr/1", first);
    addCommit(scratch.repository, { ...FILES, "config.json": "{}" }, ["main"]);
    const folder = await scratch.folder({ revision: first });
    expect(scratch.asked()[0]).to.equal(`hub /api/models/org/tiny/tree/${first}`);
    expect(await scratch.folder({ revision: "v1" })).to.equal(folder);
    expect(await scratch.folder({ revision: "refs/pr/1" })).to.equal(folder);
    expect(await scratch.folder()).to.not.equal(folder);
    scratch.asked();
    expect(await scratch.folder({ revision: first })).to.equal(folder);
    expect(scratch.asked()).to.deep.equal([]);
    expect(await readFile(path.join(folder, "config.json"), "utf8")).to.equal(FILES["config.json"]);
  });

  it("comes with its shards and with what its manifest lists, but for what is no data", async () => {
    const index = {
      weight_map: {
        a: "model-00001-of-00002.safetensors",
        b: "model-00002-of-00002.safetensors",
        c: "../../outside.safetensors",
        d: "pytorch_model.bin",
      },
    };
    const manifest = {
      format: "torchwright-manifest",
      version: 1,
      files: { "vocab.txt": {}, "trainer_state.json": {}, "model.pt": {}, "gone.json": {} },
    };
    scratch.hub.repositories.set(
      "org/shards",
      repositoryOf({
        "config.json": "{}",
        "model.safetensors.index.json": JSON.stringify(index),
        "model-00001-of-00002.safetensors": "1",
        "model-00002-of-00002.safetensors": "2",
        "manifest.json": JSON.stringify(manifest),
        "vocab.txt": "[PAD]",
        "trainer_state.json": "{}",
        "model.pt": "code",
        "pytorch_model.bin": "a pickle",
      }),
    );
    const folder = await scratch.folder({}, "org/shards");
    expect((await readdir(folder)).sort()).to.deep.equal([
      "config.json",
      "manifest.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "trainer_state.json",
      "vocab.txt",
    ]);
    scratch.asked();
    await scratch.folder({}, "org/shards");
    expect(scratch.asked()).to.have.length(1);
  });

  it("is found where the repository has another name by now", async () => {
    scratch.hub.renamed.set("tiny", "org/tiny");
    expect(await scratch.folder({}, "tiny")).to.equal(
      path.join(scratch.cacheDir, "models--tiny", "snapshots", mainCommit()),
    );
  });

  it("shows its token to the hub and not to the CDN", async () => {
    scratch.hub.repositories.set("org/private", { ...repositoryOf(FILES), readers: ["hf_reader"] });
    scratch.hub.repositories.set("org/gated", { ...repositoryOf(FILES), gatedFor: ["any-form-of-token"] });
    scratch.hub.tokens.add("hf_reader").add("any-form-of-token");
    await scratch.folder({ token: "hf_reader" }, "org/private");
    await scratch.folder({ token: "any-form-of-token" }, "org/gated");
    expect(
      scratch.hub.requests.filter(({ host }) => host === "hub").every(({ token }) => token !== undefined),
    ).to.equal(true);
    const cdn = scratch.hub.requests.filter(({ host }) => host === "cdn");
    expect(cdn.length).to.equal(2);
    expect(cdn.map(({ token }) => token)).to.deep.equal([undefined, undefined]);
  });

  it("is repaired in the cache where files were removed", async () => {
    const folder = await scratch.folder();
    await unlink(path.join(scratch.cacheDir, "models--org--tiny", "blobs", sha256(WEIGHTS))); // the link dangles
    await rm(path.join(folder, "config.json"));
    await scratch.folder();
    expect((await readFile(path.join(folder, "model.safetensors"))).equals(WEIGHTS)).to.equal(true);
    expect((await lstat(path.join(folder, "config.json"))).isSymbolicLink()).to.equal(true);
  });

  it("waits for no lock whose holder is gone, whatever machine it was on", async () => {
    const locks = path.join(scratch.cacheDir, ".locks", "models--org--tiny");
    await mkdir(locks, { recursive: true });
    const [config] = [...(scratch.repository.commits.get(mainCommit()) ?? [])]
      .filter(([name]) => name === "config.json")
      .map(([, file]) => file);
    const lock = path.join(locks, `${config && etagOf(config)}.torchwright.lock`);
    await writeFile(lock, "another");
    await utimes(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await scratch.folder();
    expect(await readdir(locks)).to.deep.equal([]);
  });

  it("is no name of the hub where there is a folder or file of that name, or where it is a path", async () => {
    const before = process.cwd();
    await inFolder(async (folder) => {
      await mkdir(path.join(folder, "org", "tiny"), { recursive: true });
      await writeFile(path.join(folder, "plain"), "");
      process.chdir(folder);
      try {
        for (const given of ["org/tiny", "plain", "./org/other", "/nowhere/at/all", "~/model", "runs/tickets/model"]) {
          expect(await scratch.folder({}, given)).to.equal(given);
        }
      } finally {
        process.chdir(before);
      }
    });
    expect(scratch.asked()).to.deep.equal([]);
  });
});
