/** Downloads that are cut, stall, or bring something else. */
import { expect } from "chai";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { download } from "../../lib/setup/download";
import { serveFile } from "./file-server";
import type { Faults, FileServer } from "./file-server";
import { rejection } from "./rejection";

describe("download", () => {
  const content = randomBytes(200_000);
  const sha256 = createHash("sha256").update(content).digest("hex");
  let folder: string;
  let file: string;
  let server: FileServer | undefined;

  const start = async (faults: Faults = {}): Promise<FileServer> => (server = await serveFile(content, faults));
  const get = (url: string, checksum = sha256, bytes = content.length, stallMs = 10_000): Promise<void> =>
    download({ url, bytes }, file, { sha256: checksum, quiet: true, stallMs, pauseMs: 10 });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    file = path.join(folder, "libtorch.zip");
  });
  afterEach(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it("goes on where a cut connection ended", async () => {
    const { url, requests } = await start({ cutAfter: 70_000, cuts: 2 });
    await get(url);
    expect(readFileSync(file).equals(content)).to.equal(true);
    // How much of a cut response arrives is up to the system; that what arrived is not asked for again is not.
    const starts = requests.map((range) => Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0));
    expect(starts).to.have.length(3);
    expect(starts[0]).to.equal(0);
    expect(starts[1]).to.be.within(0, 70_000);
    expect(starts[2]).to.be.within(starts[1] ?? 0, 140_000);
  });

  it("resumes what an earlier call left", async () => {
    writeFileSync(`${file}.part`, content.subarray(0, 1234));
    const { url, requests } = await start();
    await get(url);
    expect(readFileSync(file).equals(content)).to.equal(true);
    expect(requests).to.deep.equal(["bytes=1234-"]);
  });

  it("starts anew where the server does not resume", async () => {
    writeFileSync(`${file}.part`, content.subarray(0, 1234));
    const { url } = await start({ ignoreRange: true });
    await get(url);
    expect(readFileSync(file).equals(content)).to.equal(true);
  });

  it("starts anew where what an earlier call left was of another file", async () => {
    writeFileSync(`${file}.part`, randomBytes(1234));
    const { url, requests } = await start();
    await get(url);
    expect(readFileSync(file).equals(content)).to.equal(true);
    expect(requests).to.deep.equal(["bytes=1234-", ""]);
  });

  it("refuses a wrong checksum, names both, and leaves nothing behind", async () => {
    const { url, requests } = await start();
    const wrong = "0".repeat(64);
    expect((await rejection(get(url, wrong))).message)
      .to.include(wrong)
      .and.include(sha256);
    expect(existsSync(file) || existsSync(`${file}.part`)).to.equal(false);
    expect(requests).to.have.length(1);
  });

  it("refuses a wrong size before it is transferred", async () => {
    const { url } = await start();
    expect((await rejection(get(url, sha256, 1_000_000))).message).to.include("the server announces 200000");
    expect(existsSync(`${file}.part`)).to.equal(false);
  });

  it("gives up on a silent server, keeping what came", async () => {
    const { url } = await start({ stallAfter: 600 });
    expect((await rejection(get(url, sha256, content.length, 300))).message).to.include("silent");
    expect(readFileSync(`${file}.part`).length).to.be.greaterThan(0);
  });

  it("does not give up while each attempt brings more", async () => {
    const { url, requests } = await start({ stallAfter: 30_000 });
    await get(url, sha256, content.length, 100);
    expect(readFileSync(file).equals(content)).to.equal(true);
    expect(requests).to.have.length(7);
  });

  it("gives up at once on an unreachable server and on an error status", async () => {
    const { url, requests } = await start({ status: 503 });
    expect((await rejection(get(url))).message).to.include("503");
    expect(requests).to.have.length(1);
    await server?.close();
    expect((await rejection(get(url))).message).to.include("ECONNREFUSED");
  });
});
