/**
 * What `npm install` needs and does before it builds: tools that are missing, libtorch that is named, there or absent.
 */
import { expect } from "chai";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findOrFetch } from "../../scripts/build/find-or-fetch";
import { checkBuildTools, pipProblem } from "../../lib/build/prerequisites";
import { fakeLibtorch } from "../support/fake-libtorch";
import { rejection, thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

/** Runs `work` with other variables in this process's environment; undefined unsets one. */
async function withEnv<T>(change: NodeJS.ProcessEnv, work: () => T | Promise<T>): Promise<T> {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    return await work();
  } finally {
    for (const name of Object.keys(change)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** A program of that name whose whole work is these shell lines. */
function fakeTool(folder: string, name: string, lines: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${lines}\n`);
  chmodSync(join(folder, name), 0o755);
}

describe("the tools that a build needs", () => {
  it("are all here, where these tests were built", () => checkBuildTools());

  it("are listed with their remedies, all that are missing at once", () =>
    inFolder((empty) =>
      withEnv({ PATH: empty, CXX: undefined }, () => {
        const { message } = thrown(() => checkBuildTools(), "ERR_PREREQUISITE");
        expect(
          message
            .split("\n")
            .slice(1)
            .map((line) => line.replace(/:.*/, "")),
        ).to.deep.equal([
          "  - a C++20 compiler (g++ 11 or clang 14, or newer)",
          "  - cmake 3.18 or newer",
          "  - make or ninja",
        ]);
        expect(message.match(/Remedy: \S+/g)).to.have.length(3);
        expect(pipProblem("python3")).to.match(/^python3 was not found\. Remedy: /);
      }),
    ));

  it("are too old by their version or by what they compile, and Python may have no pip", () =>
    inFolder((folder) => {
      fakeTool(folder, "cmake", "echo cmake version 3.16.2");
      fakeTool(folder, "c++", "echo 'error: unrecognized -std=c++20' >&2; exit 1");
      fakeTool(folder, "ninja", "echo 1.10");
      fakeTool(folder, "python3", '[ "$1" = --version ]');
      return withEnv({ PATH: folder, CXX: undefined }, () => {
        const { message } = thrown(() => checkBuildTools(), "ERR_PREREQUISITE");
        expect(message)
          .to.contain("too old: cmake version 3.16.2")
          .and.to.contain("c++: error: unrecognized -std=c++20; g++: not found");
        expect(message).to.not.contain("make or ninja");
        expect(pipProblem("python3")).to.match(/^python3 has no pip\. Remedy: /);
      });
    }));

  it("may have arguments in CXX, as CMake takes it", () =>
    inFolder(async (folder) => {
      fakeTool(folder, "launcher", 'exec "$@"');
      const PATH = `${folder}${delimiter}${process.env["PATH"]}`;
      await withEnv({ PATH, CXX: " launcher  c++ -O1 " }, () => checkBuildTools());
      await withEnv({ PATH, CXX: "launcher no-such-compiler" }, () => {
        expect(thrown(() => checkBuildTools(), "ERR_PREREQUISITE").message).to.contain("launcher no-such-compiler: ");
      });
    }));
});

describe("npm install without a build", () => {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  beforeEach(() => (said.length = 0));

  it("fetches nothing under TORCHWRIGHT_SKIP_DOWNLOAD=1 and says what to do", () =>
    inFolder(async (folder) => {
      const env = {
        TORCHWRIGHT_CACHE: join(folder, "cache"),
        TORCHWRIGHT_SKIP_DOWNLOAD: "1",
        PATH: process.env["PATH"],
      };
      expect(await findOrFetch(say, env)).to.equal(undefined);
      expect(said).to.have.length(1);
      expect(said[0]).to.match(
        /TORCHWRIGHT_SKIP_DOWNLOAD=1: libtorch was not fetched .* LIBTORCH=<folder .*torchwright -- setup --from/,
      );
    }));

  it("takes what LIBTORCH names, also then, or the cache's, and says nothing", () =>
    inFolder(async (folder) => {
      const env = { TORCHWRIGHT_CACHE: join(folder, "cache"), TORCHWRIGHT_SKIP_DOWNLOAD: "1" };
      const named = fakeLibtorch(join(folder, "elsewhere"));
      const cached = fakeLibtorch(join(folder, "cache", "libtorch-2.13.0-cpu", "torch"));
      expect(await findOrFetch(say, { ...env, LIBTORCH: named })).to.have.property("root", named);
      expect(await findOrFetch(say, env)).to.have.property("root", cached);
      expect(said).to.deep.equal([]);
    }));

  it("papers over no wrong LIBTORCH, and takes no release that the addon does not compile against", () =>
    inFolder(async (folder) => {
      const env = { TORCHWRIGHT_CACHE: join(folder, "cache") };
      fakeLibtorch(join(folder, "cache", "libtorch-2.13.0-cpu", "torch"));
      await rejection(findOrFetch(say, { ...env, LIBTORCH: join(folder, "nowhere") }), "ERR_LIBTORCH_NOT_FOUND");
      const old = fakeLibtorch(join(folder, "old"), "2.5.1+cpu");
      const { message } = await rejection(findOrFetch(say, { ...env, LIBTORCH: old }), "ERR_LIBTORCH_VERSION");
      expect(message).to.contain("got 2.5.1").and.to.contain("unset it");
    }));

  it("names what the build lacks before it transfers anything", () =>
    inFolder((empty) =>
      withEnv({ PATH: empty, CXX: undefined }, () =>
        rejection(findOrFetch(say, { TORCHWRIGHT_CACHE: join(empty, "cache"), PATH: empty }), "ERR_PREREQUISITE").then(
          () => undefined,
        ),
      ),
    ));
});
