import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { unlink } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { modelFolder } from "../../lib/hub/model-folder";
import { MODEL_FILES } from "../../lib/models/hub-files";
import { TOKENIZER_SELECTION } from "../../lib/text/tokenizer-files";
import { NO_HUB_VARIABLES, withEnvironment } from "../support/environment";
import { addCommit, sha256 } from "../support/hub-server";
import { rejection } from "../support/rejection";
import { FILES, type ScratchHub, scratchHub, WEIGHTS } from "./scratch-hub";

/** The warnings that come while something runs. */
async function warningsOf(work: () => Promise<unknown>): Promise<{ code?: string; message: string }[]> {
  const warnings: { code?: string; message: string }[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  const others = process.listeners("warning");
  process.removeAllListeners("warning").on("warning", hear);
  try {
    await work();
    await new Promise(setImmediate);
  } finally {
    process.off("warning", hear);
    for (const other of others) process.on("warning", other);
  }
  return warnings;
}

describe("a model of the hub without network", () => {
  let scratch: ScratchHub;
  beforeEach(async () => (scratch = await scratchHub()));
  afterEach(() => scratch.close());

  it("is taken from the cache, and nobody is asked", async () => {
    const folder = await scratch.folder();
    addCommit(scratch.repository, { ...FILES, "config.json": "{}" }, ["main"]);
    scratch.asked();
    expect(await scratch.folder({ localFilesOnly: true })).to.equal(folder);
    await withEnvironment(
      { ...NO_HUB_VARIABLES, HF_HUB_OFFLINE: "1", HF_HUB_CACHE: scratch.cacheDir, HF_ENDPOINT: scratch.hub.url },
      async () => {
        expect(await modelFolder("test", "org/tiny", {}, MODEL_FILES)).to.equal(folder);
        expect(await modelFolder("test", "org/tiny", { revision: path.basename(folder) }, MODEL_FILES)).to.equal(
          folder,
        );
      },
    );
    expect(scratch.asked()).to.deep.equal([]);
  });

  it("is an error that says what the cache has: no such model", async () => {
    const error = await rejection(scratch.folder({ localFilesOnly: true }), "ERR_HUB_OFFLINE");
    expect(error.message)
      .to.contain(`expected "org/tiny" at revision "main" in the cache, ${scratch.cacheDir}`)
      .and.to.contain('no revision of it, and no folder "org/tiny" here');
    expect(scratch.asked()).to.deep.equal([]);
  });

  it("is an error that says what the cache has: other revisions", async () => {
    const commit = path.basename(await scratch.folder());
    scratch.repository.refs.set("v1", commit);
    await scratch.folder({ revision: "v1" });
    const error = await rejection(scratch.folder({ localFilesOnly: true, revision: "v2" }), "ERR_HUB_OFFLINE");
    expect(error.message).to.match(new RegExp(`got the revisions (?:main, v1|v1, main) \\(${commit}\\)`));
    await rejection(scratch.folder({ localFilesOnly: true, revision: "0".repeat(40) }), "ERR_HUB_OFFLINE");
  });

  it("is an error that says what the cache has: other files", async () => {
    await scratch.folder({}, "org/tiny", TOKENIZER_SELECTION);
    const error = await rejection(scratch.folder({ localFilesOnly: true }), "ERR_HUB_OFFLINE");
    expect(error.message)
      .to.contain('expected model.safetensors or model.safetensors.index.json of "org/tiny"')
      .and.to.contain("got the files config.json, tokenizer.json, vocab.txt");
    await scratch.folder();
    await unlink(path.join(scratch.cacheDir, "models--org--tiny", "blobs", sha256(WEIGHTS)));
    await rejection(scratch.folder({ localFilesOnly: true }), "ERR_HUB_OFFLINE");
  });

  /** An address at which nobody listens. */
  async function deadEnd(): Promise<string> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
  }

  it("is a clear error where the hub is not reached and the cache is empty, told at once", async () => {
    const endpoint = await deadEnd();
    const began = performance.now();
    const error = await rejection(scratch.folder({ endpoint }), "ERR_HUB_CONNECTION");
    expect(performance.now() - began).to.be.lessThan(2000);
    expect(error.message)
      .to.contain(`from ${endpoint}`)
      .and.to.contain("ECONNREFUSED")
      .and.to.contain("no folder")
      .and.to.contain("HF_HUB_OFFLINE=1");
    expect(
      (await rejection(scratch.folder({ endpoint: "http://no-such-host.invalid" }), "ERR_HUB_CONNECTION")).message,
    ).to.match(/ENOTFOUND|EAI_AGAIN/);
  });

  it("is taken from the cache with a warning where the hub is not reached", async () => {
    const folder = await scratch.folder();
    const endpoint = await deadEnd();
    let found = "";
    const warnings = await warningsOf(async () => (found = await scratch.folder({ endpoint })));
    expect(found).to.equal(folder);
    expect(warnings.map(({ code }) => code)).to.deep.equal(["WARN_HUB_CACHED"]);
    expect(warnings[0]?.message).to.contain("ECONNREFUSED").and.to.contain(folder);
  });

  it("is a clear error where the hub says nothing", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    try {
      await withEnvironment(
        { ...NO_HUB_VARIABLES, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1", HF_HUB_ETAG_TIMEOUT: "0.2" },
        async () => {
          const error = await rejection(
            modelFolder("test", "org/tiny", { endpoint, cacheDir: scratch.cacheDir }, MODEL_FILES),
            "ERR_HUB_CONNECTION",
          );
          expect(error.message).to.contain("got silence for 0.2 s");
        },
      );
    } finally {
      silent.closeAllConnections();
      await new Promise((resolve) => silent.close(resolve));
    }
  });
});
