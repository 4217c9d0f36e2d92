/** `torchwright build` where nothing can be built: what is in the way is told before anything is compiled. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildAddons } from "../../lib/build/build-addons";
import { fakeLibtorch } from "../support/fake-libtorch";
import { rejection } from "../support/rejection";

describe("buildAddons", () => {
  let folder: string;
  const { TORCHWRIGHT_CACHE: cache } = process.env;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (cache === undefined) delete process.env["TORCHWRIGHT_CACHE"];
    else process.env["TORCHWRIGHT_CACHE"] = cache;
  });
  const build = (version: string): Promise<unknown> =>
    buildAddons({ libtorch: fakeLibtorch(path.join(folder, version), version), say: () => undefined });

  it("names the cache that cannot be written", async () => {
    writeFileSync(path.join(folder, "file"), "");
    for (const place of [path.join(folder, "file"), ...(process.platform === "linux" ? ["/proc/torchwright"] : [])]) {
      process.env["TORCHWRIGHT_CACHE"] = place;
      const { message } = await rejection(build("2.13.0+cpu"), "ERR_FILE_WRITE");
      expect(message)
        .to.match(/^build: /)
        .and.to.contain(place)
        .and.to.contain("TORCHWRIGHT_CACHE=<folder>");
    }
  });

  it("refuses a libtorch that the sources are not written for, and one without headers", async () => {
    process.env["TORCHWRIGHT_CACHE"] = path.join(folder, "cache");
    expect((await rejection(build("2.10.1+cpu"), "ERR_LIBTORCH_VERSION")).message).to.contain("got 2.10.1");
    const root = fakeLibtorch(path.join(folder, "torch"));
    rmSync(path.join(root, "include"), { recursive: true });
    expect(
      (await rejection(buildAddons({ libtorch: root, say: () => undefined }), "ERR_LIBTORCH_NOT_FOUND")).message,
    ).to.contain("without include/ATen");
  });
});
