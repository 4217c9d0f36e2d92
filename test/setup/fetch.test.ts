/** Fetching libtorch into the cache: sources, faults, and never anything half-done. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describeLibtorch } from "../../lib/native/describe-libtorch";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { fetchLibtorch, sourcesFor } from "../../lib/setup/fetch";
import type { FetchOptions, Fetched } from "../../lib/setup/fetch";
import { OFFICIAL, officialArchive } from "../../lib/setup/release";
import { downloadWheel } from "../../lib/setup/pip";
import { archiveSource } from "../../lib/setup/sources";
import { fakeArchive, fakeLibtorch, fakePython, zip } from "../support/fake-libtorch";
import { serveFile } from "./file-server";
import type { FileServer } from "./file-server";
import { rejection } from "./rejection";
import { REGISTER } from "../support/register";

const sha256Of = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

describe("fetchLibtorch", () => {
  let folder: string;
  let cache: string;
  let server: FileServer | undefined;

  /** Into the test's cache; `only` keeps the sources whose name begins with it. */
  const setup = async (options: FetchOptions, env: NodeJS.ProcessEnv = {}, only = ""): Promise<Fetched> => {
    const all = { cache, quiet: true, log: () => undefined, ...options };
    return fetchLibtorch(
      all,
      sourcesFor(all, env).filter(({ name }) => name.startsWith(only)),
      env,
    );
  };
  const fetchInto = async (...args: Parameters<typeof setup>): Promise<Libtorch> => (await setup(...args)).libtorch;
  /** What a fetch left that is neither libtorch nor a download to resume. */
  const leftovers = (): string[] =>
    readdirSync(cache).filter((name) => name !== "downloads" && !name.startsWith("libtorch-"));
  const fetched = (): string[] =>
    existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("libtorch-")) : [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    cache = path.join(folder, "cache");
    server = undefined;
  });
  afterEach(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  describe("order of sources", () => {
    it("tries the official archive before pip as configured, and PyTorch's own index last", () => {
      const names = sourcesFor({ python: "python3" }).map((source) => source.name);
      const starts = [
        "libtorch archive",
        "pip as configured, torch==2.13.0+cpu",
        "pip as configured, torch==2.13.0",
        "pip with https://download.pytorch.org/whl/cpu, torch==2.13.0+cpu",
      ];
      expect(names).to.have.length(starts.length);
      starts.forEach((start, index) => expect(names[index]?.startsWith(start), names[index]).to.equal(true));
    });

    it("tries nothing else where something is named", () => {
      expect(sourcesFor({ from: folder })).to.have.length(1);
      expect(sourcesFor({ from: "python3" })).to.have.length(1);
      expect(sourcesFor({ mirror: "http://127.0.0.1/x" })).to.have.length(1);
    });
  });

  describe("an archive", () => {
    it("lands in the cache whole, and is not fetched again", async () => {
      const archive = fakeArchive();
      server = await serveFile(archive);
      const options = { mirror: server.mirror, sha256: sha256Of(archive) };
      const found = await fetchInto(options);
      expect(found).to.include({
        version: "2.13.0",
        variant: "cpu",
        root: path.join(cache, "libtorch-2.13.0-cpu", "torch"),
      });
      expect(leftovers()).to.deep.equal([]);
      expect(readdirSync(path.join(cache, "downloads"))).to.deep.equal([]);
      await fetchInto(options);
      expect(server.requests).to.have.length(1);
    });

    it("is refused where no checksum is known or given", async () => {
      const source = archiveSource({ url: "http://127.0.0.1:9/x.zip" }, "cpu");
      const error = await rejection(fetchLibtorch({ cache, quiet: true, log: () => undefined }, [source], {}));
      expect(error.message).to.include("no checksum is known");
    });

    it("has a checksum of 64 digits and a size wherever one is pinned", () => {
      for (const variant of ["cpu", "cu130"] as const) {
        expect(officialArchive(variant, OFFICIAL, "linux-x64")?.sha256).to.match(/^[0-9a-f]{64}$/);
        expect(officialArchive(variant, OFFICIAL, "linux-x64")?.bytes).to.be.greaterThan(1e8);
      }
    });

    it("of another version or variant is refused and leaves nothing", async () => {
      for (const [version, text] of [
        ["2.9.0+cpu", "expected version 2.13.0, got 2.9.0"],
        ["2.13.0+cu130", "expected the cpu build, got cu130"],
      ] as const) {
        const archive = fakeArchive(version);
        server = await serveFile(archive);
        const error = await rejection(fetchInto({ mirror: server.mirror, sha256: sha256Of(archive) }));
        expect(error).to.have.property("code", "ERR_FETCH_FAILED");
        expect(error.message).to.include(text);
        expect(fetched()).to.deep.equal([]);
        expect(leftovers()).to.deep.equal([]);
        await server.close();
      }
    });

    it("that is damaged, cut short or leads out of its folder is refused and leaves nothing", async () => {
      const whole = fakeArchive();
      const damaged = Buffer.from(whole);
      damaged[damaged.indexOf("library")] = 0x58;
      const escaping = fakeArchive("2.13.0+cpu", { "torch/lib/../../../../escaped": "x" });
      for (const [archive, text] of [
        [damaged, "CRC"],
        [whole.subarray(0, 300), "end of central directory"],
        [escaping, "relative path"],
      ] as const) {
        const file = path.join(folder, "libtorch.zip");
        writeFileSync(file, archive);
        expect((await rejection(fetchInto({ from: file }))).message.toLowerCase()).to.include(text.toLowerCase());
        expect(fetched()).to.deep.equal([]);
        expect(leftovers()).to.deep.equal([]);
      }
      expect(existsSync(path.join(folder, "escaped"))).to.equal(false);
    });
  });

  describe("an interrupted fetch", () => {
    it("killed in the middle leaves nothing half-done; the next one takes its lock and resumes its download", async () => {
      const archive = fakeArchive("2.13.0+cpu", { "torch/include/large.h": "x".repeat(300_000) });
      server = await serveFile(archive, { stallAfter: 100_000 });
      const script = path.join(__dirname, "../../lib/cli/main.ts");
      const args = ["-r", REGISTER, script, "setup", "--cpu", "--mirror", server.mirror, "--sha256", sha256Of(archive)];
      const child = spawn(process.execPath, args, {
        env: { ...process.env, TORCHWRIGHT_CACHE: cache },
        stdio: "ignore",
      });
      const part = path.join(cache, "downloads", "libtorch-shared-with-deps-2.13.0+cpu.zip.part");
      while (!existsSync(part) || readFileSync(part).length < 100_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      expect(fetched()).to.deep.equal([]);

      server.setFaults({});
      const found = await fetchInto({ mirror: server.mirror, sha256: sha256Of(archive) });
      expect(found.variant).to.equal("cpu");
      expect(server.requests.at(-1)).to.match(/^bytes=1\d{5}-$/);
      expect(leftovers()).to.deep.equal([]);
    });

    it("in the middle of unpacking is not seen, and is cleared away", async () => {
      fakeLibtorch(path.join(cache, ".unpack-123-0", "torch"));
      fakeLibtorch(path.join(folder, "given", "torch"));
      await fetchInto({ from: path.join(folder, "given") });
      expect(leftovers()).to.deep.equal([]);
      expect(fetched()).to.deep.equal(["libtorch-2.13.0-cpu"]);
    });
  });

  it("lets one of two fetches at once do the work and the other wait for it", async () => {
    const archive = fakeArchive();
    server = await serveFile(archive);
    const options = { mirror: server.mirror, sha256: sha256Of(archive) };
    const both = await Promise.all([fetchInto(options), fetchInto(options)]);
    expect(both[0]).to.deep.equal(both[1]);
    expect(server.requests).to.have.length(1);
  });

  it("takes over the lock of a process that is gone", async () => {
    mkdirSync(cache, { recursive: true });
    const { hostname } = await import("node:os");
    const gone = { pid: 2 ** 22 + 1, host: hostname(), id: "dead" };
    writeFileSync(path.join(cache, ".libtorch.lock"), JSON.stringify(gone));
    const found = await fetchInto({ from: fakeLibtorch(path.join(folder, "torch")) });
    expect(found.version).to.equal("2.13.0");
    expect(leftovers()).to.deep.equal([]);
  });

  it("replaces what is there only when forced, and only by something whole", async () => {
    const good = await fetchInto({ from: fakeLibtorch(path.join(folder, "torch")) });
    writeFileSync(path.join(good.root, "mark"), "first");
    await rejection(fetchInto({ mirror: "http://127.0.0.1:9", force: true }));
    expect(existsSync(path.join(good.root, "mark"))).to.equal(true);
    await fetchInto({ from: path.join(folder, "torch"), force: true });
    expect(existsSync(path.join(good.root, "mark"))).to.equal(false);
    expect(leftovers()).to.deep.equal([]);
  });

  it("lists every source with its reason, and the ways out, when all fail", async () => {
    const python = fakePython(path.join(folder, "python"), {
      stderr: "WARNING: x\nERROR: No matching distribution found for torch\n",
    });
    server = await serveFile(Buffer.from("gone"), { status: 404 });
    const [, ...wheels] = sourcesFor({ python });
    const sources = [archiveSource({ url: server.url, sha256: "0".repeat(64) }, "cpu"), ...wheels];
    const error = await rejection(fetchLibtorch({ cache, quiet: true, log: () => undefined }, sources, {}));
    expect(error.message).to.match(/1\. libtorch archive .*HTTP status 404/);
    for (const number of [2, 3, 4]) {
      expect(error.message).to.match(new RegExp(`${number}\\. pip .*No matching distribution`));
    }
    for (const way of ["--from <archive or folder>", "--from <python>", "--mirror <url>", "LIBTORCH=<folder>"]) {
      expect(error.message).to.include(way);
    }
  });

  it("fetches nothing under TORCHWRIGHT_SKIP_DOWNLOAD=1, but takes what is named", async () => {
    const env = { TORCHWRIGHT_SKIP_DOWNLOAD: "1" };
    server = await serveFile(fakeArchive());
    const error = await rejection(fetchInto({ mirror: server.mirror }, env));
    expect(error.message).to.include("TORCHWRIGHT_SKIP_DOWNLOAD");
    expect(server.requests).to.deep.equal([]);
    expect((await fetchInto({ from: fakeLibtorch(path.join(folder, "torch")) }, env)).version).to.equal("2.13.0");
  });

  it("copies the torch that a Python has, found without importing it", async () => {
    const torch = fakeLibtorch(path.join(folder, "site-packages", "torch"));
    writeFileSync(path.join(torch, "__init__.py"), "raise SystemExit('not to be imported')\n");
    const python = path.join(folder, "python");
    writeFileSync(python, `#!/bin/sh\n[ "$1" = -c ] && echo '${torch}'\n`, { mode: 0o755 });
    const found = await fetchInto({ from: python });
    expect(found).to.include({ version: "2.13.0", variant: "cpu" });
    expect(found.root.startsWith(cache)).to.equal(true);
    expect(readdirSync(found.root).sort()).to.deep.equal(["include", "lib", "version.py"]);
    expect(leftovers()).to.deep.equal([]);
  });

  describe("pip", () => {
    const report = (
      items: readonly { name: string; version: string; file: string; requires?: string[]; sha256?: string }[],
    ): unknown => ({
      install: items.map(({ name, version, file, requires = [], sha256 }) => ({
        download_info: {
          url: pathToFileURL(file).href,
          archive_info: { hashes: { sha256: sha256 ?? (existsSync(file) ? sha256Of(readFileSync(file)) : "") } },
        },
        metadata: { name, version, requires_dist: requires },
      })),
    });
    const wheel = (name: string, content: Buffer): string => {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    };

    it("brings a wheel, checked against the hash that pip reports", async () => {
      const file = wheel("torch.whl", fakeArchive());
      const python = fakePython(path.join(folder, "python"), {
        report: report([{ name: "torch", version: "2.13.0+cpu", file }]),
      });
      const found = await fetchInto({ python }, {}, "pip");
      expect(found.variant).to.equal("cpu");
      expect(existsSync(file)).to.equal(true);

      const bad = report([{ name: "torch", version: "2.13.0+cpu", file, sha256: "0".repeat(64) }]);
      const error = await rejection(
        fetchInto({ force: true, python: fakePython(path.join(folder, "bad"), { report: bad }) }, {}, "pip"),
      );
      expect(error.message).to.include("expected SHA-256 0000");
    });

    it("only says which wheels: they come through us, and are resumed by the next run", async () => {
      const content = fakeArchive("2.13.0+cpu", { "torch/include/large.h": "x".repeat(300_000) });
      server = await serveFile(content, { cutAfter: 200_000, cuts: 2, then: { status: 503 } }); // the first one is asked for the size
      const item = report([
        { name: "torch", version: "2.13.0+cpu", file: path.join(folder, "torch.whl"), sha256: sha256Of(content) },
      ]) as { install: { download_info: { url: string } }[] };
      for (const { download_info: info } of item.install) {
        info.url = new URL("/torch-2.13.0+cpu-cp312-none-any.whl", server.url).href;
      }
      const python = fakePython(path.join(folder, "python"), { report: item });
      await rejection(fetchInto({ python }, {}, "pip as configured, torch==2.13.0+cpu"));
      expect(readFileSync(`${python}.calls`, "utf8")).to.not.include(" download ");
      server.setFaults({});
      const before = server.requests.length;
      const { downloadedBytes, libtorch } = await setup({ python }, {}, "pip as configured, torch==2.13.0+cpu");
      expect(libtorch.variant).to.equal("cpu");
      expect(server.requests.slice(before).filter((range) => range !== "")).to.have.length(1);
      expect(downloadedBytes).to.be.lessThan(content.length);
      expect(readdirSync(path.join(cache, "downloads"))).to.deep.equal([]);
    });

    it("is not confused by what an earlier fetch left: each wheel has a folder of its own", async () => {
      const stored = wheel("stored.whl", fakeArchive());
      const sha256 = sha256Of(readFileSync(stored));
      // Answers `pip download … --dest <folder> …` with the wheel, as it would come from an index.
      const python = path.join(folder, "python");
      writeFileSync(
        python,
        `#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\nmkdir -p "$2" && cp '${stored}' "$2/torch-2.13.0-cp312-none-any.whl"\n`,
        { mode: 0o755 },
      );
      const downloads = path.join(folder, "downloads");
      mkdirSync(downloads);
      writeFileSync(path.join(downloads, "torch-2.13.0-cp311-none-any.whl"), "of a fetch that was killed");
      server = await serveFile(Buffer.from("pip alone has the password"), { status: 401 });
      const candidate = { name: "torch", version: "2.13.0", url: server.url, sha256, requires: [] };
      const file = await downloadWheel(candidate, downloads, { python });
      expect(sha256Of(readFileSync(file))).to.equal(sha256);
      expect(path.dirname(path.dirname(file))).to.equal(downloads);
      expect(await downloadWheel(candidate, downloads, { python }), "again").to.equal(file);
    });

    it("does not take a CUDA build where the CPU was asked for, before a byte of it is transferred", async () => {
      const requires = ["nvidia-cudnn-cu13==9.1; platform_system == 'Linux'", "cuda-toolkit==13.0"];
      const large = { name: "torch", version: "2.13.0", file: path.join(folder, "absent.whl"), requires };
      const python = fakePython(path.join(folder, "python"), { report: report([large]) });
      const error = await rejection(fetchInto({ python }, {}, "pip"));
      expect(error.message).to.include("it would take the cu130 build (2.13.0), not cpu");
      expect(readFileSync(`${python}.calls`, "utf8"))
        .to.not.include("pip download")
        .and.to.not.include(" download ");
    });

    it("lays NVIDIA's libraries beside torch for the CUDA variant", async () => {
      const torch = wheel("torch.whl", fakeArchive("2.13.0+cu130"));
      const cublas = wheel(
        "cublas.whl",
        zip([
          ["nvidia/cu13/lib/libcublas.so.13", "x"],
          ["nvidia/cu13/include/cublas.h", "x"],
        ]),
      );
      const items = [
        { name: "torch", version: "2.13.0+cu130", file: torch },
        { name: "nvidia_cublas", version: "13.0.0", file: cublas },
        { name: "sympy", version: "1.0", file: path.join(folder, "absent.whl") },
      ];
      const python = fakePython(path.join(folder, "python"), { report: report(items) });
      const found = await fetchInto({ variant: "cu130", python }, {}, "pip");
      expect(found.variant).to.equal("cu130");
      expect(existsSync(path.join(found.root, "../nvidia/cu13/lib/libcublas.so.13"))).to.equal(true);
      expect(existsSync(path.join(found.root, "../nvidia/cu13/include"))).to.equal(false);
      expect(describeLibtorch(path.join(cache, "libtorch-2.13.0-cpu"))).to.equal("does not exist");
    });
  });
});
