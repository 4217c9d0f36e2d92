import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { repositoryOf } from "../support/hub-server";
import { rejection } from "../support/rejection";
import { FILES, type ScratchHub, scratchHub } from "./scratch-hub";

describe("what the hub refuses", () => {
  let scratch: ScratchHub;
  beforeEach(async () => (scratch = await scratchHub()));
  afterEach(() => scratch.close());

  it("a model that there is not: no folder and no such name, or a private one that needs a token", async () => {
    const error = await rejection(scratch.folder({}, "org/tniy"), "ERR_HUB_REPOSITORY_NOT_FOUND");
    expect(error.message)
      .to.match(/^test: expected a folder or the name of a model on the hub, got "org\/tniy"/)
      .and.to.contain("HF_TOKEN")
      .and.to.contain("private");
    scratch.hub.tokens.add("hf_me");
    const known = await rejection(scratch.folder({ token: "hf_me" }, "org/tniy"), "ERR_HUB_REPOSITORY_NOT_FOUND");
    expect(known.message).to.contain("the token from the option token").and.not.to.contain("hf_me");
    expect(existsSync(path.join(scratch.cacheDir, "models--org--tniy"))).to.equal(false);
  });

  it("a private model without its token, in the same words as one that there is not", async () => {
    scratch.hub.repositories.set("org/private", { ...repositoryOf(FILES), readers: ["hf_reader"] });
    scratch.hub.tokens.add("hf_me");
    await rejection(scratch.folder({}, "org/private"), "ERR_HUB_REPOSITORY_NOT_FOUND");
    await rejection(scratch.folder({ token: "hf_me" }, "org/private"), "ERR_HUB_REPOSITORY_NOT_FOUND");
  });

  it("a gated model: says where to ask for access, and what was lacking", async () => {
    scratch.hub.repositories.set("org/gated", { ...repositoryOf(FILES), gatedFor: ["hf_reader"] });
    scratch.hub.tokens.add("hf_me");
    const page = `${scratch.hub.url}/org/gated`;
    expect((await rejection(scratch.folder({}, "org/gated"), "ERR_HUB_ACCESS")).message).to.contain(
      `Ask for access at ${page} and then give your token`,
    );
    const error = await rejection(scratch.folder({ token: "hf_me" }, "org/gated"), "ERR_HUB_ACCESS");
    expect(error.message)
      .to.contain(`Ask for access at ${page} with the account of the token that was sent (from the option token)`)
      .and.not.to.contain("hf_me");
  });

  it("a token that nobody has", async () => {
    const error = await rejection(scratch.folder({ token: "hf_wrong" }), "ERR_HUB_ACCESS");
    expect(error.message)
      .to.contain("got one from the option token that the hub does not know")
      .and.to.contain("/settings/tokens")
      .and.not.to.contain("hf_wrong");
  });

  it("a disabled model", async () => {
    scratch.hub.repositories.set("org/disabled", { ...repositoryOf(FILES), disabled: true });
    expect((await rejection(scratch.folder({}, "org/disabled"), "ERR_HUB_ACCESS")).message).to.contain("disabled");
  });

  it("a token without the right to read", async () => {
    scratch.hub.faults = { statuses: [403] };
    expect((await rejection(scratch.folder(), "ERR_HUB_ACCESS")).message).to.contain('forbids to read "org/tiny"');
  });

  for (const revision of ["v9", "0123456789012345678901234567890123456789", "refs/pr/7"]) {
    it(`a revision that there is not: ${revision}`, async () => {
      const error = await rejection(scratch.folder({ revision }), "ERR_HUB_REVISION_NOT_FOUND");
      expect(error.message)
        .to.contain(`got revision "${revision}"`)
        .and.to.contain(`${scratch.hub.url}/org/tiny/tree/main`);
    });
  }

  it("a file that there is not: says which files there are", async () => {
    scratch.hub.repositories.set("org/gguf", repositoryOf({ "README.md": "", "model.gguf": "", "config.json": "{}" }));
    const error = await rejection(scratch.folder({}, "org/gguf"), "ERR_HUB_FILE_NOT_FOUND");
    expect(error.message).to.equal(
      'test: expected model.safetensors or model.safetensors.index.json in "org/gguf" at revision "main", got a repository with the files README.md, model.gguf, config.json',
    );
  });

  it("a pickle, before a byte of it is fetched: says how to convert it", async () => {
    scratch.hub.repositories.set(
      "org/old",
      repositoryOf({ "config.json": "{}", "vocab.txt": "[PAD]", "pytorch_model.bin": "a pickle" }),
    );
    const error = await rejection(scratch.folder({}, "org/old"), "ERR_PICKLE_WEIGHTS");
    expect(error.message)
      .to.contain("was not downloaded")
      .and.to.contain('snapshot_download("org/old", local_dir="./old"')
      .and.to.contain("weights_only=True");
    expect(scratch.asked().filter((line) => line.includes("/resolve/") || line.startsWith("cdn"))).to.deep.equal([]);
    scratch.hub.repositories.set(
      "org/shards",
      repositoryOf({
        "config.json": "{}",
        "pytorch_model-00001-of-00002.bin": "",
        "pytorch_model.bin.index.json": "{}",
      }),
    );
    await rejection(scratch.folder({}, "org/shards"), "ERR_PICKLE_WEIGHTS");
    scratch.hub.repositories.set("org/script", repositoryOf({ "config.json": "{}", "model.pt": "code" }));
    expect((await rejection(scratch.folder({}, "org/script"), "ERR_PICKLE_WEIGHTS")).message).to.contain(
      "TorchScript archive, which is code",
    );
    expect(scratch.asked().filter((line) => line.includes("/resolve/") || line.startsWith("cdn"))).to.deep.equal([]);
  });

  it("nothing twice: too many requests and short outages are waited out", async () => {
    scratch.hub.faults = { statuses: [503, 429] };
    expect(await readdir(await scratch.folder())).to.have.length(2);
  });

  it("for good where the outage lasts", async () => {
    scratch.hub.faults = { statuses: [503, 502, 500] };
    expect((await rejection(scratch.folder(), "ERR_HUB_CONNECTION")).message).to.contain(
      "got status 500: it is out of order",
    );
    scratch.hub.faults = { statuses: [429, 429, 429] };
    expect((await rejection(scratch.folder(), "ERR_HUB_CONNECTION")).message).to.contain("too many requests");
  });

  it("and what is no hub at all: a web page in its place, JSON of another kind, another status", async () => {
    scratch.hub.faults = { portal: true };
    const error = await rejection(scratch.folder(), "ERR_HUB_ANSWER");
    expect(error.message).to.contain(`${scratch.hub.url} may be no hub, or a proxy answers in its place`);
    scratch.hub.faults = { statuses: [418] };
    expect((await rejection(scratch.folder(), "ERR_HUB_ANSWER")).message).to.contain("got status 418");
    scratch.hub.faults = {};
    scratch.repository.refs.set("main", "no commit");
    scratch.repository.commits.set("no commit", new Map());
    await rejection(scratch.folder(), "ERR_HUB_ANSWER");
  });
});
