/**
 * What can go wrong while libtorch is fetched: each fault ends in a coded error or a correct install, and the next
 * setup works.
 */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TorchwrightError } from "../../lib/errors";
import type { ErrorCode } from "../../lib/errors";
import { fetchLibtorch, sourcesFor } from "../../lib/setup/fetch";
import type { FetchOptions, Fetched } from "../../lib/setup/fetch";
import { removeInstalled } from "../../lib/setup/installed";
import { cliWords, runCli, startCli, startProgram } from "../support/cli-process";
import type { Run } from "../support/cli-process";
import { fakeArchive, fakeLibtorch } from "../support/fake-libtorch";
import { rejection } from "../support/rejection";
import { serveFile } from "./file-server";
import type { Faults, FileServer } from "./file-server";

const ARCHIVE = "libtorch-shared-with-deps-2.13.0+cpu.zip";
const INSTALL = "libtorch-2.13.0-cpu";

/** Whether this user may mount a disk of a test's own; where not, Node is made to see one. */
const real = spawnSync("unshare", ["-rm", "sh", "-c", `mount -t tmpfs -o size=600k none ${tmpdir()}`]).status === 0;

describe("setup under faults", function () {
  this.timeout(120_000);
  const large = randomBytes(500_000).toString("hex");
  const archive = fakeArchive("2.13.0+cpu", { "torch/include/large.h": large });
  const sha256 = createHash("sha256").update(archive).digest("hex");
  let folder: string;
  let cache: string;
  let part: string;
  let server: FileServer | undefined;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    cache = path.join(folder, "cache");
    part = path.join(cache, "downloads", `${ARCHIVE}.part`);
    server = undefined;
  });
  afterEach(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const serve = async (faults: Faults = {}): Promise<string> => (server = await serveFile(archive, faults)).mirror;
  const fetchInto = async (options: FetchOptions): Promise<Fetched> => {
    const all = { cache, quiet: true, log: () => undefined, ...options };
    return fetchLibtorch(all, sourcesFor(all, {}), {});
  };
  const correct = (): void => {
    expect(readFileSync(path.join(cache, INSTALL, "torch/include/large.h"), "utf8") === large).to.equal(true);
    expect(readdirSync(cache).sort()).to.deep.equal(["downloads", INSTALL]);
  };
  /** Neither an install nor half of one; what may stay is a download to go on from. */
  const nothingInstalled = (): void => {
    expect(existsSync(cache) ? readdirSync(cache).filter((name) => name !== "downloads") : []).to.deep.equal([]);
  };

  describe("a connection that is cut", () => {
    for (const percent of [1, 50, 99]) {
      const cutAfter = Math.round((archive.length * percent) / 100);

      it(`at ${percent} % is taken up again in the same run`, async () => {
        const mirror = await serve({ cutAfter, cuts: 1 });
        const { downloadedBytes } = await fetchInto({ mirror, sha256 });
        correct();
        expect(downloadedBytes).to.be.within(archive.length, archive.length + cutAfter);
        expect(server?.requests.length).to.equal(2);
      });

      it(`at ${percent} % is taken up again by the next run`, async () => {
        const mirror = await serve({ cutAfter, cuts: 1, then: { status: 503 } });
        await rejection(fetchInto({ mirror, sha256 }), "ERR_FETCH_FAILED");
        nothingInstalled();
        const kept = readFileSync(part).length;
        expect(kept).to.be.within(1, cutAfter);
        await server?.close();
        const { downloadedBytes } = await fetchInto({ mirror: await serve(), sha256 });
        correct();
        expect(server?.requests).to.deep.equal([`bytes=${kept}-`]);
        expect(downloadedBytes).to.equal(archive.length - kept);
      });
    }
  });

  it("a wrong checksum is refused with both, and leaves nothing to go on from", async () => {
    const wrong = "0".repeat(64);
    const { message } = await rejection(fetchInto({ mirror: await serve(), sha256: wrong }), "ERR_FETCH_FAILED");
    expect(message).to.contain(`expected SHA-256 ${wrong}, got ${sha256}`);
    nothingInstalled();
    expect(readdirSync(path.join(cache, "downloads"))).to.deep.equal([]);
    await fetchInto({ mirror: server?.mirror ?? "", sha256 });
    correct();
  });

  describe("a full disk", () => {
    it("while it downloads is told with what is free, and the next setup works", async () => {
      mkdirSync(path.dirname(part), { recursive: true });
      symlinkSync("/dev/full", part); // takes every write for one to a full disk
      const { message } = await rejection(fetchInto({ mirror: await serve(), sha256 }), "ERR_DISK_FULL");
      expect(message)
        .to.match(/ENOSPC with \d+ bytes free/)
        .and.to.contain("TORCHWRIGHT_CACHE=<folder>");
      nothingInstalled();
      expect(server?.requests).to.have.length(1);
      rmSync(part);
      await fetchInto({ mirror: server?.mirror ?? "", sha256 });
      correct();
    });

    /** A disk of 600 kB, or one that Node is made to see. */
    const lie = (free: number): string =>
      `const { promises } = require("node:fs"); promises.statfs = async () => ({ bavail: ${free}, bsize: 1 });`;
    const noRoom = `const fs = require("node:fs"); let left = 600e3; for (const name of ["write", "writev"]) { const real = fs[name]; fs[name] = (fd, data, ...rest) => {
      const bytes = name === "write" ? rest[1] ?? data.length : data.reduce((sum, one) => sum + one.byteLength, 0);
      if ((left -= bytes) >= 0) return real(fd, data, ...rest);
      const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { errno: -28, code: "ENOSPC", syscall: "write" });
      process.nextTick(rest.at(-1), error); }; }`;
    /** Runs `setup --from <archive>` there, then lists the cache. */
    const onSmallDisk = async (blind: boolean): Promise<Run> => {
      const file = path.join(folder, "libtorch.zip");
      writeFileSync(file, archive);
      mkdirSync(cache);
      const preload = path.join(folder, "preload.js");
      writeFileSync(preload, `${blind ? lie(1e12) : real ? "" : lie(600e3)}\n${blind && !real ? noRoom : ""}`);
      const words = cliWords(["setup", "--quiet", "--from", file], [preload]);
      const script = `${real ? 'mount -t tmpfs -o size=600k none "$0" || exit 99; ' : ""}"$@"; code=$?; ls -A "$0"; exit $code`;
      const command = ["sh", "-c", script, cache, ...words] as const;
      return startProgram(real ? ["unshare", "-rm", ...command] : ["sh", ...command.slice(1)], {
        TORCHWRIGHT_CACHE: cache,
      }).done;
    };

    it(`is seen before anything is unpacked, and told with the bytes needed and free (${real ? "tmpfs" : "injected"})`, async () => {
      const { code, stdout, stderr } = await onSmallDisk(false);
      expect(code, stderr).to.equal(1);
      const [, needed, free] = /expected (\d+) bytes free .* got (\d+) /.exec(stderr) ?? [];
      expect(Number(needed)).to.equal(
        1_000_000 + Buffer.byteLength("__version__ = '2.13.0+cpu'\n") + "library".length + "#pragma once\n".length,
      );
      expect(Number(free)).to.be.within(1, 614_400);
      expect(stderr).to.contain("[ERR_DISK_FULL]");
      expect(stdout.trim()).to.equal("");
    });

    it(`that fills while it unpacks is told, and nothing half-done is left (${real ? "tmpfs" : "injected"})`, async () => {
      const { code, stdout, stderr } = await onSmallDisk(true);
      expect(code, stderr).to.equal(1);
      expect(stderr).to.contain("ENOSPC").and.to.contain("[ERR_DISK_FULL]");
      expect(stdout.trim()).to.equal("");
    });
  });

  describe("a cache that cannot be written", () => {
    const refused = async (place: string): Promise<void> => {
      const { message } = await rejection(fetchInto({ cache: place, mirror: "http://127.0.0.1:9" }), "ERR_FILE_WRITE");
      expect(message).to.contain(place).and.to.contain("TORCHWRIGHT_CACHE=<folder>");
    };

    it("because it, or a folder around it, is a file", async () => {
      writeFileSync(cache, "");
      await refused(cache);
      await refused(path.join(cache, "inner"));
    });

    it("because its file system lets nobody write, root included, or has no such folder", async () => {
      for (const place of ["/sys/torchwright", "/proc/torchwright", path.join(cache, "n".repeat(300))]) {
        await refused(place);
      }
    });

    if (real) {
      /** Runs `setup --from <a libtorch>` with the cache on a disk of its own, then lists the cache. */
      const onDisk = (options: string, before: string): Promise<Run> => {
        mkdirSync(cache);
        const script = `mount -t tmpfs -o ${options} none "$0" || exit 99; ${before}; "$@"; code=$?; ls -A "$0"; exit $code`;
        const words = cliWords(["setup", "--quiet", "--from", fakeLibtorch(path.join(folder, "torch"))]);
        return startProgram(["unshare", "-rm", "sh", "-c", script, cache, ...words], { TORCHWRIGHT_CACHE: cache }).done;
      };

      it("because its disk is mounted read-only", async () => {
        const { code, stderr } = await onDisk("ro", ":");
        expect(code, stderr).to.equal(1);
        expect(stderr).to.contain(cache).and.to.contain("EROFS").and.to.contain("[ERR_FILE_WRITE]");
      });

      it("because its disk is full to the last byte, and leaves no lock for others to wait for", async () => {
        const { code, stdout, stderr } = await onDisk("size=4k", 'head -c 4096 /dev/zero >"$0/filler"');
        expect(code, stderr).to.equal(1);
        expect(stderr).to.contain("ENOSPC").and.to.contain("[ERR_DISK_FULL]");
        expect(stdout.trim()).to.equal("filler");
      });
    }

    it("is told as well where one is to be removed from it", async () => {
      fakeLibtorch(path.join(cache, INSTALL, "torch"));
      mkdirSync(path.join(cache, ".libtorch.lock"));
      expect(
        (await rejection(removeInstalled("all", { TORCHWRIGHT_CACHE: cache }), "ERR_FILE_WRITE")).message,
      ).to.contain(cache);
      expect(existsSync(path.join(cache, INSTALL, "torch"))).to.equal(true);
    });

    it("because something else stands where its lock should", async () => {
      mkdirSync(path.join(cache, ".libtorch.lock"), { recursive: true });
      await refused(cache);
    });

    it("is no fault where libtorch is there already", async () => {
      fakeLibtorch(path.join(cache, INSTALL, "torch"));
      mkdirSync(path.join(cache, ".libtorch.lock"));
      expect(await fetchInto({})).to.include({ fetched: false, downloadedBytes: 0 });
    });
  });

  it("two setups at once fetch once, and both end well", async () => {
    const mirror = await serve({ stallAfter: 100_000 });
    const args = ["setup", "--cpu", "--json", "--mirror", mirror, "--sha256", sha256];
    const both = [
      startCli(args, { env: { TORCHWRIGHT_CACHE: cache } }),
      startCli(args, { env: { TORCHWRIGHT_CACHE: cache } }),
    ];
    let waiting = false;
    for (const { child } of both) {
      child.stderr?.on("data", (text: string) => (waiting ||= text.includes("waiting for it")));
    }
    // The second one waits while the first one's server is silent; then the server goes on.
    while (!waiting || (server?.requests.length ?? 0) < 1) await new Promise((resolve) => setTimeout(resolve, 20));
    server?.setFaults({});
    server?.cut();
    const runs = await Promise.all(both.map(({ done }) => done));
    expect(runs.map(({ code, stderr }) => (code === 0 ? "" : stderr))).to.deep.equal(["", ""]);
    const results = runs.map(({ stdout }) => JSON.parse(stdout) as { path: string; fetched: boolean });
    expect(results.map((result) => result.path)).to.deep.equal([0, 1].map(() => path.join(cache, INSTALL, "torch")));
    expect(results.map(({ fetched }) => fetched).sort()).to.deep.equal([false, true]);
    expect(server?.requests).to.have.length(2); // begun, cut, and gone on with
    correct();
  });

  it("killed while it unpacks, it leaves nothing that could be taken for libtorch, and the next setup clears it away", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 4000 }, (_, index) => [`torch/include/${index}.h`, "#pragma once\n"]),
    );
    const file = path.join(folder, "libtorch.zip");
    writeFileSync(file, fakeArchive("2.13.0+cpu", { ...many, "torch/include/large.h": large }));
    const { child, done } = startCli(["setup", "--quiet", "--from", file], { env: { TORCHWRIGHT_CACHE: cache } });
    const begun = (): boolean => {
      const staging = (existsSync(cache) ? readdirSync(cache) : []).find((name) => name.startsWith(".unpack-"));
      return staging !== undefined && existsSync(path.join(cache, staging, "torch/include/100.h"));
    };
    while (!begun()) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    expect((await done).signal).to.equal("SIGKILL");
    expect(existsSync(path.join(cache, INSTALL))).to.equal(false);
    const { stdout } = await runCli(["setup", "--list", "--json"], { env: { TORCHWRIGHT_CACHE: cache } });
    expect(JSON.parse(stdout)).to.have.property("installed").that.deep.equals([]);

    await fetchInto({ from: file });
    mkdirSync(path.join(cache, "downloads"), { recursive: true });
    correct();
  });

  it("killed between taking the old one aside and bringing the new one, the next setup brings the old one back", async () => {
    fakeLibtorch(path.join(cache, `.old-${INSTALL}`, "torch"));
    fakeLibtorch(path.join(cache, ".unpack-123-0", "torch"));
    const error: unknown = await fetchInto({ mirror: "http://127.0.0.1:9", force: true }).catch(
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(TorchwrightError)
      .with.property("code", "ERR_FETCH_FAILED" satisfies ErrorCode);
    expect(readdirSync(cache).filter((name) => name !== "downloads")).to.deep.equal([INSTALL]);
    expect(await fetchInto({})).to.include({ fetched: false });
  });

  it("a damaged install is fetched again without being forced", async () => {
    const mirror = await serve();
    await fetchInto({ mirror, sha256 });
    writeFileSync(path.join(cache, INSTALL, "torch/lib/libtorch.so"), "lib");
    expect(await fetchInto({ mirror, sha256 })).to.include({ fetched: true });
    expect(readFileSync(path.join(cache, INSTALL, "torch/lib/libtorch.so"), "utf8")).to.equal("library");
    correct();
  });
});
