/** Where libtorch is looked for, and what is said when it is not there. */
import { expect } from "chai";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import path from "node:path";
import { TorchwrightError } from "../../lib/errors";
import { describeLibtorch } from "../../lib/native/describe-libtorch";
import { cacheFolder, locateLibtorch } from "../../lib/native/locate";
import { fakeLibtorch, LIBRARY } from "../support/fake-libtorch";
import { thrown } from "../support/rejection";

describe("locateLibtorch", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    env = { TORCHWRIGHT_CACHE: path.join(folder, "cache") };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("takes LIBTORCH as a wheel's torch folder, a libtorch folder, or the folder around either", () => {
    for (const inner of ["torch", "libtorch"]) {
      const around = path.join(folder, inner, "around");
      fakeLibtorch(path.join(around, inner));
      const root = path.join(around, inner);
      expect(locateLibtorch({}, { ...env, LIBTORCH: around }).root).to.equal(root);
      expect(locateLibtorch({}, { ...env, LIBTORCH: root }).root).to.equal(root);
    }
  });

  it("names include folders, library folder and the library to open by absolute path", () => {
    const root = fakeLibtorch(path.join(folder, "torch"));
    const found = locateLibtorch({ folder: root }, env);
    expect(found.includeDirs).to.deep.equal([
      path.join(root, "include"),
      path.join(root, "include/torch/csrc/api/include"),
    ]);
    expect(found.libDir).to.equal(path.join(root, "lib"));
    expect(found.library).to.equal(path.join(root, "lib", LIBRARY));
  });

  it("prefers the option to LIBTORCH, and LIBTORCH to the cache", () => {
    const option = fakeLibtorch(path.join(folder, "a", "torch"));
    const named = fakeLibtorch(path.join(folder, "b", "torch"));
    const cached = fakeLibtorch(path.join(folder, "cache", "libtorch-2.13.0-cpu", "torch"));
    expect(locateLibtorch({ folder: option }, { ...env, LIBTORCH: named }).root).to.equal(option);
    expect(locateLibtorch({}, { ...env, LIBTORCH: named }).root).to.equal(named);
    expect(locateLibtorch({}, env).root).to.equal(cached);
  });

  it("never passes over a wrong LIBTORCH in favour of the cache", () => {
    fakeLibtorch(path.join(folder, "cache", "libtorch-2.13.0-cpu", "torch"));
    const wrong = path.join(folder, "nowhere");
    expect(() => locateLibtorch({}, { ...env, LIBTORCH: wrong }))
      .to.throw(TorchwrightError, `LIBTORCH: ${wrong} does not exist`)
      .with.property("code", "ERR_LIBTORCH_NOT_FOUND");
  });

  it("chooses from the cache: the wanted release before others, an accelerator before the CPU, a variant on request", () => {
    const cache = path.join(folder, "cache");
    fakeLibtorch(path.join(cache, "libtorch-2.12.0-cpu", "torch"), "2.12.0+cpu");
    fakeLibtorch(path.join(cache, "libtorch-2.13.0-cpu", "torch"));
    fakeLibtorch(path.join(cache, "libtorch-2.13.0-cu130", "torch"), "2.13.0+cu130");
    expect(locateLibtorch({}, env)).to.include({ version: "2.13.0", variant: "cu130" });
    expect(locateLibtorch({ variant: "cpu" }, env)).to.include({ version: "2.13.0", variant: "cpu" });
    expect(locateLibtorch({ version: "2.12.1" }, env)).to.include({ version: "2.12.0", variant: "cpu" });
  });

  it("does not take half an unpacked folder, and says what is missing in it", () => {
    mkdirSync(path.join(folder, "cache", "libtorch-2.13.0-cpu", "torch", "include"), { recursive: true });
    mkdirSync(path.join(folder, "cache", ".unpack-1-0"), { recursive: true });
    expect(String(thrown(() => locateLibtorch({}, env), "ERR_LIBTORCH_NOT_FOUND").cause)).to.contain(
      `has no lib/${LIBRARY}`,
    );
  });

  it("says in four lines what to do, with one command, and keeps what was looked at as the cause", () => {
    fakeLibtorch(path.join(folder, "cache", "libtorch-1.9.0-cpu", "torch"), "1.9.0+cpu");
    const wrong = { ...env, LIBTORCH: path.join(folder, "nowhere") };
    for (const error of [env, { TORCHWRIGHT_CACHE: path.join(folder, "empty") }, wrong].map((variables) =>
      thrown(() => locateLibtorch({}, variables), "ERR_LIBTORCH_NOT_FOUND"),
    )) {
      const lines = error.message.split("\n");
      expect(lines, error.message).to.have.length(4);
      expect(lines[2]).to.equal("    npx torchwright setup");
      expect(error.message.match(/\b(npx|npm)\b/g)).to.have.length(1);
      expect(lines[3]).to.contain("LIBTORCH=<folder");
    }
    const { cause } = thrown(() => locateLibtorch({}, env), "ERR_LIBTORCH_NOT_FOUND");
    expect(cause).to.have.length(2);
    expect(String(cause)).to.contain("LIBTORCH: not set").and.to.contain("is 1.9.0, not one of 2.11");
  });

  it("says so when the Python that was asked for has no torch or cannot be run", () => {
    expect(() => locateLibtorch({ python: path.join(folder, "no-python") }, env))
      .to.throw(TorchwrightError, "could not be run")
      .with.property("code", "ERR_LIBTORCH_NOT_FOUND");
  });
});

describe("describeLibtorch", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("reads the version from version.py, build-version or the header, in this order", () => {
    const root = fakeLibtorch(folder, "2.12.1+cu128");
    expect(describeLibtorch(root)).to.include({ version: "2.12.1", variant: "cu128" });
    rmSync(path.join(root, "version.py"));
    writeFileSync(path.join(root, "build-version"), "2.14.0+cpu\n");
    expect(describeLibtorch(root)).to.include({ version: "2.14.0", variant: "cpu" });
    rmSync(path.join(root, "build-version"));
    const header = path.join(root, "include/torch/headeronly");
    mkdirSync(header, { recursive: true });
    const lines = ["MAJOR 2", "MINOR 11", "PATCH 3"].map((line) => `#define TORCH_VERSION_${line}\n`);
    writeFileSync(path.join(header, "version.h"), lines.join(""));
    expect(describeLibtorch(root)).to.include({ version: "2.11.3", variant: "cpu" });
    rmSync(header, { recursive: true });
    expect(describeLibtorch(root)).to.match(/no readable version/);
  });

  it("knows the toolkit of a wheel without a suffix", () => {
    const root = fakeLibtorch(folder, "2.13.0");
    writeFileSync(path.join(root, "version.py"), "__version__ = '2.13.0'\ncuda: Optional[str] = '13.0'\n");
    expect(describeLibtorch(root)).to.include({ version: "2.13.0", variant: "cu130" });
  });
});

describe("cacheFolder", () => {
  it("is TORCHWRIGHT_CACHE, else under XDG_CACHE_HOME, else the system's place for caches", () => {
    expect(cacheFolder({ TORCHWRIGHT_CACHE: "/a/b", XDG_CACHE_HOME: "/c" })).to.equal(path.resolve("/a/b"));
    expect(cacheFolder({ XDG_CACHE_HOME: "/c" })).to.equal(path.resolve("/c/torchwright"));
    expect(path.basename(cacheFolder({}))).to.match(/torchwright|Cache/);
  });

  it("lies below the root for a user without a home", () => {
    const { homedir } = os;
    const inHome = path.relative(homedir(), cacheFolder({}));
    os.homedir = () => {
      throw new Error("uv_os_homedir returned ENOENT"); // as for a user that the system's list does not have
    };
    try {
      expect(cacheFolder({})).to.equal(path.join(path.parse(process.cwd()).root, inHome));
    } finally {
      os.homedir = homedir;
    }
  });
});
