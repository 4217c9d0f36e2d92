/** Folders that a user names, wherever they lead. */
import { expect } from "chai";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeFolder } from "../../lib/files/make-folder";

describe("makeFolder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const codeOf = (place: string): Promise<string> =>
    makeFolder(place).then(
      () => "made",
      (error: NodeJS.ErrnoException) => error.code ?? "none",
    );

  it("makes what is missing on the way, and leaves what is there", async () => {
    const inner = path.join(folder, "a b", "ü", "c");
    await makeFolder(inner);
    await makeFolder(inner);
    await makeFolder("/");
    symlinkSync(inner, path.join(folder, "link"));
    await makeFolder(path.join(folder, "link", "e"));
    expect(statSync(path.join(inner, "e")).isDirectory()).to.equal(true);
  });

  it("is not disturbed by others that make the same ones", async () => {
    for (let round = 0; round < 50; round += 1) {
      const inner = path.join(folder, String(round), "a", "b");
      await Promise.all([".", "..", "../c", ".", "../../d/e", "."].map((more) => makeFolder(path.join(inner, more))));
      expect(statSync(inner).isDirectory()).to.equal(true);
    }
  });

  it("fails where a file, or a link to nowhere, is in the way", async () => {
    writeFileSync(path.join(folder, "file"), "");
    symlinkSync(path.join(folder, "nowhere"), path.join(folder, "link"));
    expect(await codeOf(path.join(folder, "file"))).to.equal("EEXIST");
    expect(await codeOf(path.join(folder, "file", "inner"))).to.equal("ENOTDIR");
    expect(await codeOf(path.join(folder, "link"))).to.equal("EEXIST");
    expect(await codeOf(path.join(folder, "link", "inner"))).to.equal("EEXIST");
  });

  it("fails, and soon, where the file system takes no folders and says that they do not exist", async function () {
    if (process.platform !== "linux") this.skip(); // no other system has such a file system
    expect(await codeOf("/proc/torchwright")).to.equal("ENOENT");
    expect(await codeOf("/proc/torchwright/a/b")).to.equal("ENOENT");
  });
});
