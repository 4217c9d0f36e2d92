/** `torchwright setup` as it is typed: what it takes, what it prints, the list and the removal. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sourcesFor } from "../../../lib/setup/fetch";
import type { Inventory } from "../../../lib/setup/installed";
import { runCli } from "../../support/cli-process";
import type { Run } from "../../support/cli-process";
import { fakeArchive, fakeLibtorch } from "../../support/fake-libtorch";
import { thrown } from "../../support/rejection";
import { serveFile } from "../../setup/file-server";

describe("torchwright setup", function () {
  this.timeout(120_000);
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    cache = path.join(folder, "cache");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const setup = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> =>
    runCli(["setup", ...args], { env: { TORCHWRIGHT_CACHE: cache, ...env } });
  const json = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> => {
    const { code, stdout, stderr } = await setup([...args, "--json"], env);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^\{.*\}\n$/);
    return JSON.parse(stdout);
  };

  it("downloads from the mirror that TORCHWRIGHT_MIRROR names, under PyTorch's own paths, and says what came", async () => {
    const archive = fakeArchive();
    const server = await serveFile(archive);
    try {
      const args = ["--cpu", "--sha256", createHash("sha256").update(archive).digest("hex").toUpperCase()];
      const first = await json(args, { TORCHWRIGHT_MIRROR: server.mirror });
      const place = path.join(cache, "libtorch-2.13.0-cpu", "torch");
      expect(first).to.include({
        version: "2.13.0",
        variant: "cpu",
        path: place,
        fetched: true,
        downloadedBytes: archive.length,
        reason: "--cpu was given",
      });
      expect(server.paths).to.deep.equal(["/pytorch/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip"]);
      expect(await json(args, { TORCHWRIGHT_MIRROR: server.mirror })).to.include({
        fetched: false,
        downloadedBytes: 0,
      });
      expect(server.paths).to.have.length(1);
    } finally {
      await server.close();
    }
  });

  it("takes a mirror with user and password, and neither shows nor keeps them", async () => {
    const archive = fakeArchive();
    const server = await serveFile(archive);
    try {
      const mirror = server.mirror.replace("//", "//ann:p%40ss@");
      const { code, stdout, stderr } = await setup([
        "--cpu",
        "--json",
        "--mirror",
        mirror,
        "--sha256",
        createHash("sha256").update(archive).digest("hex"),
      ]);
      expect(code, stderr).to.equal(0);
      expect(server.authorizations).to.deep.equal([`Basic ${Buffer.from("ann:p@ss").toString("base64")}`]);
      const kept = readFileSync(path.join(cache, "libtorch-2.13.0-cpu", "fetched.json"), "utf8");
      for (const text of [stdout, stderr, kept]) expect(text).to.contain("//127.0.0.1").and.to.not.contain("ss@");
    } finally {
      await server.close();
    }
  });

  it("asks a mirror for the pinned archive alone, for CUDA for its index of wheels first", () => {
    const names = (variant: "cpu" | "cu130"): string[] =>
      sourcesFor({ variant, mirror: "https://m.example/pt/", python: "python3" }, {}).map(({ name }) => name);
    expect(names("cpu")).to.have.length(1);
    expect(names("cu130")).to.have.length(2);
    expect(names("cu130")[0]).to.contain("https://m.example/pt/whl/cu130");
  });

  it("takes a folder, an archive by its name or its first bytes, and a Python by its path or on the PATH", async () => {
    const torch = fakeLibtorch(path.join(folder, "site-packages", "torch"));
    const archive = path.join(folder, "libtorch.zip");
    const unnamed = path.join(folder, "download");
    for (const file of [archive, unnamed]) writeFileSync(file, fakeArchive());
    const python = path.join(folder, "bin", "python3");
    mkdirSync(path.dirname(python));
    writeFileSync(python, `#!/bin/sh\n[ "$1" = -c ] && echo '${torch}'\nexit 0\n`, { mode: 0o755 });
    for (const from of [torch, path.dirname(torch), archive, unnamed, python, "python3", "python"]) {
      rmSync(cache, { recursive: true, force: true });
      const result = await json(["--from", from], {
        PATH: `${path.dirname(python)}:${process.env["PATH"]}`,
        PYTHON: "",
      });
      expect(result, from).to.include({ version: "2.13.0", variant: "cpu", fetched: true, downloadedBytes: 0 });
      expect(existsSync(path.join(cache, "libtorch-2.13.0-cpu", "torch", "lib")), from).to.equal(true);
    }
  });

  it("refuses what is none of them, a checksum that fits nothing, and what does not go together, as wrong usage", async () => {
    writeFileSync(path.join(folder, "notes.txt"), "notes");
    for (const [args, says] of [
      [["--from", path.join(folder, "notes.txt")], "a file that is neither"],
      [["--from", path.join(folder, "nowhere")], "what does not exist"],
      [["--mirror", "mirror.example"], "a URL of http or https"],
      [["--sha256", "abc"], "64 hexadecimal digits"],
      [["--cpu", "--cuda"], "cannot be used with"],
      [["--list", "--force"], "cannot be used with"],
      [["--variant", "cpu"], "unknown option"],
    ] as const) {
      const { code, stderr } = await setup(args);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr).to.contain(says);
    }
    expect(existsSync(cache)).to.equal(false);
    const given = { from: fakeLibtorch(path.join(folder, "torch")), sha256: "0".repeat(64) };
    expect(thrown(() => sourcesFor(given), "ERR_INVALID_ARG").message).to.contain("expected an archive");
  });

  it("keeps NVIDIA's libraries where the CUDA build's relative paths find them", async () => {
    const torch = fakeLibtorch(path.join(folder, "site-packages", "torch"), "2.13.0+cu130");
    const cublas = path.join(folder, "site-packages", "nvidia", "cu13", "lib", "libcublas.so.13");
    mkdirSync(path.dirname(cublas), { recursive: true });
    writeFileSync(cublas, "x");
    expect(await json(["--from", torch])).to.include({ variant: "cu130" });
    expect(
      readFileSync(
        path.join(
          cache,
          "libtorch-2.13.0-cu130",
          "torch",
          "lib",
          "..",
          "..",
          "nvidia",
          "cu13",
          "lib",
          "libcublas.so.13",
        ),
        "utf8",
      ),
    ).to.equal("x");
  });

  it("lists several versions and builds side by side with the one in use, and removes by name, or all", async () => {
    for (const version of ["2.13.0+cpu", "2.13.0+cu130", "2.12.1+cpu"]) {
      const { code, stderr } = await setup(["--from", fakeLibtorch(path.join(folder, version, "torch"), version)]);
      expect(code, stderr).to.equal(0);
    }
    const list = async (env: NodeJS.ProcessEnv = {}): Promise<Inventory> => (await json(["--list"], env)) as Inventory;
    const { installed, used } = await list();
    expect(installed.map(({ name }) => name)).to.deep.equal(["2.12.1-cpu", "2.13.0-cpu", "2.13.0-cu130"]);
    expect(installed.filter((one) => one.used).map(({ name }) => name)).to.deep.equal(["2.13.0-cu130"]);
    expect(used).to.deep.include({ version: "2.13.0", variant: "cu130" });
    const one = installed[0];
    const place = path.join(cache, "libtorch-2.12.1-cpu");
    const du = execFileSync("sh", ["-c", `find '${place}' -type f ! -name fetched.json -exec cat {} + | wc -c`], {
      encoding: "utf8",
    });
    expect(one).to.include({ version: "2.12.1", variant: "cpu", path: path.join(place, "torch"), bytes: Number(du) });

    const text = (await setup(["--list"])).stdout.trimEnd().split("\n");
    expect(text).to.have.length(4);
    expect(text[2])
      .to.match(/^\* 2\.13\.0-cu130 /)
      .and.to.contain(path.join(cache, "libtorch-2.13.0-cu130", "torch"));

    const elsewhere = fakeLibtorch(path.join(folder, "elsewhere", "torch"));
    expect((await list({ LIBTORCH: elsewhere })).used).to.include({ root: elsewhere });
    expect((await list({ LIBTORCH: "/nowhere" })).unusable).to.contain("/nowhere does not exist");

    expect(await json(["--remove", "2.13.0-cu130"])).to.deep.equal({ removed: ["2.13.0-cu130"] });
    expect((await list()).installed.filter((left) => left.used).map(({ name }) => name)).to.deep.equal(["2.13.0-cpu"]);
    const unknown = await setup(["--remove", "2.13.0-cu130"]);
    expect(unknown.code).to.equal(1);
    expect(unknown.stderr)
      .to.contain("expected all or one of 2.12.1-cpu, 2.13.0-cpu, got 2.13.0-cu130")
      .and.to.contain("ERR_INVALID_ARG");
    mkdirSync(path.join(cache, "downloads"));
    writeFileSync(path.join(cache, "downloads", "libtorch.zip.part"), "begun");
    expect((await list()).downloadBytes).to.equal(5);
    expect(await json(["--remove", "all"])).to.deep.equal({ removed: ["2.12.1-cpu", "2.13.0-cpu"] });
    expect(await list()).to.deep.include({ installed: [], downloadBytes: 0 });
  });

  it("says so where programs would use another one than was just set up", async () => {
    await setup(["--from", fakeLibtorch(path.join(folder, "cuda", "torch"), "2.13.0+cu130")]);
    const { code, stderr, stdout } = await setup(["--from", fakeLibtorch(path.join(folder, "torch"))]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^libtorch 2\.13\.0 cpu: .*nothing was downloaded/);
    expect(stderr).to.contain("note: programs use libtorch 2.13.0 cu130");
  });
});
