/**
 * The npm packages of a build: the versions that the prebuilt addons are built with, fetched where they are not
 * installed.
 */
import { expect } from "chai";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BUILD_TOOLS, buildTools } from "../../lib/build/tools";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const ROOT = path.join(__dirname, "../..");

/** A stand-in for npm that runs these lines of shell. */
async function withNpm(folder: string, lines: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.PATH;
  writeFileSync(path.join(folder, "npm"), `#!/bin/sh\n${lines}\n`);
  chmodSync(path.join(folder, "npm"), 0o755);
  process.env.PATH = `${folder}${path.delimiter}${before}`;
  try {
    await work();
  } finally {
    process.env.PATH = before;
  }
}

/** Does what npm would: a manifest for each name@version. */
const INSTALLS = `echo "$@" >>arguments
for word in "$@"; do
  case "$word" in
    *@*) name="\${word%@*}"; mkdir -p "node_modules/$name"; echo "{\\"version\\":\\"\${word##*@}\\"}" >"node_modules/$name/package.json" ;;
  esac
done`;

describe("the packages that a build needs", () => {
  it("are pinned to the versions that this checkout has", () => {
    for (const [name, version] of Object.entries(BUILD_TOOLS)) {
      const manifest = readFileSync(path.join(ROOT, "node_modules", name, "package.json"), "utf8");
      expect((JSON.parse(manifest) as { version: string }).version, name).to.equal(version);
    }
  });

  it("are a checkout's own", async () => {
    expect(await buildTools("/nowhere", () => expect.fail("nothing is fetched"))).to.equal(ROOT);
  });

  it("are fetched once into the cache, in these versions and without scripts", () =>
    inFolder(async (folder) => {
      const cache = path.join(folder, "cache");
      const said: string[] = [];
      await withNpm(folder, INSTALLS, async () => {
        const tools = await buildTools(cache, (line) => said.push(line), folder);
        expect(path.dirname(tools)).to.equal(path.join(cache, "build-tools"));
        expect(await buildTools(cache, (line) => said.push(line), folder)).to.equal(tools);
        expect(said).to.have.length(1);
        expect(said[0]).to.include("cmake-js@8").and.to.include(tools);
        const calls = readFileSync(path.join(tools, "arguments"), "utf8").trim().split("\n");
        expect(calls).to.have.length(1);
        expect(calls[0]).to.match(
          /^install .*--ignore-scripts .*cmake-js@\d+\.\d+\.\d+ node-addon-api@\d+\.\d+\.\d+ node-api-headers@\d+\.\d+\.\d+$/,
        );
      });
    }));

  it("that npm does not get are a coded error with npm's words, and leave nothing half-done", () =>
    inFolder(async (folder) => {
      const cache = path.join(folder, "cache");
      await withNpm(folder, "echo 'npm error code ENOTFOUND' >&2; exit 1", async () => {
        const { message } = await rejection(
          buildTools(cache, () => undefined, folder),
          "ERR_FETCH_FAILED",
        );
        expect(message)
          .to.include("npm error code ENOTFOUND")
          .and.to.include("copy the folder here: npm install cmake-js@");
        const [, tools = ""] = /run this in (\S+) on/.exec(message) ?? [];
        expect(existsSync(tools)).to.equal(false);
      });
    }));
});
