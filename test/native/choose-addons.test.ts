/** Which addons are opened for which libtorch, and what is said on systems and for releases that there are none for. */
import { expect } from "chai";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ADDONS, builtAddons, builtAddonsFolder, notBuilt } from "../../lib/native/addon-folder";
import { chooseAddons } from "../../lib/native/choose-addons";
import { majorMinor } from "../../lib/native/locate";
import { systemName } from "../../lib/native/system";
import { fakeLibtorch } from "../support/fake-libtorch";
import { thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

/** Runs `work` with other properties of `process`. */
function onSystem<T>(properties: object, work: () => T): T {
  const before = Object.keys(properties).map((name) => [name, Object.getOwnPropertyDescriptor(process, name)] as const);
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(process, name, { value: value as unknown, configurable: true });
  }
  try {
    return work();
  } finally {
    for (const [name, descriptor] of before) if (descriptor) Object.defineProperty(process, name, descriptor);
  }
}

function withEnv<T>(name: string, value: string, work: () => T): T {
  const before = process.env[name];
  process.env[name] = value;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** As Node's report is where there is musl, or an old glibc. */
function reporting(header: object): object {
  return { platform: "linux", report: { excludeNetwork: false, getReport: () => ({ header }) } };
}

/** `2.12` where the addon here is built for 2.13, say. */
function otherRelease(): string {
  const own = majorMinor(chooseAddons({}).loader.headersVersion);
  return own === "2.12" ? "2.11" : "2.12";
}

describe("a system without prebuilt addons", () => {
  it("is named by its processor, its system and its C library", () => {
    expect(systemName()).to.match(/^linux-\w+ with (glibc \d+\.\d+|musl)$/);
    expect(onSystem({ platform: "darwin", arch: "arm64" }, systemName)).to.equal("darwin-arm64");
    expect(onSystem({ ...reporting({ glibcVersionRuntime: "2.17" }), arch: "x64" }, systemName)).to.equal(
      "linux-x64 with glibc 2.17",
    );
    expect(onSystem({ ...reporting({}), arch: "arm64" }, systemName)).to.equal("linux-arm64 with musl");
  });

  it("is told what is supported and how to build from source", () => {
    const { code, message } = onSystem({ platform: "darwin", arch: "arm64" }, () =>
      notBuilt("found neither", undefined),
    );
    expect(code).to.equal("ERR_ADDON_NOT_BUILT");
    expect(message).to.include("Prebuilt addons are for linux-x64 with glibc 2.28 or newer; this is darwin-arm64.");
    expect(message).to.include("npx torchwright build").and.not.include("musl");
  });

  it("is told what libtorch itself needs where it has musl", () =>
    inFolder(async (folder) => {
      // What the loader of musl says of a library that wants glibc is another text, but the same failure.
      writeFileSync(path.join(folder, "loader.node"), "not for this system");
      const { message } = withEnv("TORCHWRIGHT_ADDONS", folder, () =>
        onSystem(reporting({}), () => thrown(() => chooseAddons({}), "ERR_ADDON_NOT_BUILT")),
      );
      expect(message)
        .to.include("loader.node could not be opened")
        .and.match(/this is linux-\w+ with musl/);
      expect(message)
        .to.include("npx torchwright build")
        .and.include("needs glibc as well")
        .and.include("built for musl");
    }));
});

describe("a libtorch of another release than the addons'", () => {
  it("is refused with both releases and the command that builds for it", () =>
    inFolder(async (folder) => {
      const root = fakeLibtorch(path.join(folder, "torch"), `${otherRelease()}.0+cpu`);
      const { message } = withEnv("TORCHWRIGHT_CACHE", path.join(folder, "cache"), () =>
        thrown(() => chooseAddons({ folder: root }), "ERR_LIBTORCH_VERSION"),
      );
      expect(message).to.include(`got ${otherRelease()}.0`).and.to.include(`LIBTORCH=${root} npx torchwright build`);
    }));

  it("is not said to be one that can be built for where it cannot", () =>
    inFolder(async (folder) => {
      const root = fakeLibtorch(path.join(folder, "torch"), "2.5.1+cpu");
      const { message } = thrown(() => chooseAddons({ folder: root }), "ERR_LIBTORCH_VERSION");
      expect(message).to.not.include(`LIBTORCH=${root} npx`);
      expect(message).to.include("for another of 2.11, 2.12, 2.13, 2.14: npx torchwright build");
    }));

  it("gets the addons that were built for it, each release its own, and before the package's", () =>
    inFolder(async (folder) => {
      const release = `${otherRelease()}.0`;
      const own = chooseAddons({}).libtorch.version;
      withEnv("TORCHWRIGHT_CACHE", path.join(folder, "cache"), () => {
        expect(builtAddons(release)).to.equal(undefined);
        const built = builtAddonsFolder(release);
        mkdirSync(built, { recursive: true });
        writeFileSync(path.join(built, ADDONS[0]), "a library");
        expect(builtAddons(release), "half of them").to.equal(undefined);
        writeFileSync(path.join(built, ADDONS[1]), "a library");
        expect(builtAddons(release)).to.equal(built);
        expect(builtAddons(own)).to.equal(undefined);
        // They are tried, and theirs is the error.
        const root = fakeLibtorch(path.join(folder, "torch"), `${release}+cpu`);
        expect(thrown(() => chooseAddons({ folder: root }), "ERR_ADDON_NOT_BUILT").message).to.include(
          path.join(built, ADDONS[0]),
        );
      });
    }));
});
