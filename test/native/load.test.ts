/** Opening libtorch: at first use and not before, with errors that name both versions or the missing library. */
import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { compile } from "../support/compiled";
import { fakeLibtorch } from "../support/fake-libtorch";
import { REGISTER } from "../support/register";

const LOAD = path.join(__dirname, "../../lib/native/load");

/** Runs a line of JavaScript with `load` being lib/native/load, in a process of its own; its last line of output. */
function inProcess(line: string, env: NodeJS.ProcessEnv = {}): string {
  const program = `const load = require(${JSON.stringify(LOAD)}); try { ${line} } catch (e) { console.log(e.code + " " + e.message.split("\\n")[0]); }`;
  return execFileSync(process.execPath, ["-r", REGISTER, "-e", program], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  }).trim();
}

describe("native", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("opens libtorch at first use, not on import", () => {
    expect(inProcess("const before = load.isOpen(); load.native(); console.log(before, load.isOpen())")).to.equal(
      "false true",
    );
    expect(inProcess("console.log(load.isOpen())", { LIBTORCH: path.join(folder, "nowhere") })).to.equal("false");
  });

  it("says which libtorch it opened", () => {
    expect(inProcess("console.log(JSON.stringify(load.libtorchInfo()))")).to.match(/"version":"2\.1[1-4]\.\d+"/);
  });

  it("refuses another release with both versions and the remedy", () => {
    const root = fakeLibtorch(path.join(folder, "torch"), "2.10.1+cpu");
    const message = inProcess("load.native()", { LIBTORCH: root });
    expect(message).to.match(/^ERR_LIBTORCH_VERSION /);
    expect(message)
      .to.include("got 2.10.1")
      .and.to.match(/built with 2\.1[1-4]\.\d+/)
      .and.to.include("npm run compile");
  });

  it("reports a library that the system cannot open, in the system's words", () => {
    const version = (JSON.parse(inProcess("console.log(JSON.stringify(load.libtorchInfo()))")) as { version: string })
      .version;
    const root = fakeLibtorch(path.join(folder, "torch"), `${version}+cpu`);
    expect(inProcess("load.native()", { LIBTORCH: root })).to.match(
      /^ERR_LIBTORCH_LOAD .*could not open .*(too short|invalid|not a)/,
    );
  });

  it("refuses a change of place once libtorch is open", () => {
    expect(inProcess("load.native(); load.useLibtorch({ folder: '/x' })")).to.match(/^ERR_INVALID_ARG useLibtorch/);
  });

  it("takes prebuilt addons before built ones, as a package has them", () => {
    const copy = compile([]);
    try {
      const load = (): string => {
        const program = `const { native } = require(${JSON.stringify(copy.file("lib/native/load.ts"))}); try { native(); console.log("opened"); } catch (e) { console.log(e.code + " " + e.message); }`;
        return execFileSync(process.execPath, ["--preserve-symlinks", "-e", program], { encoding: "utf8" }).trim();
      };
      expect(load()).to.equal("opened");
      const prebuilt = copy.file(path.join("prebuilds", `${process.platform}-${process.arch}`));
      mkdirSync(prebuilt, { recursive: true });
      writeFileSync(path.join(prebuilt, "loader.node"), "no library");
      expect(load())
        .to.match(/^ERR_ADDON_NOT_BUILT /)
        .and.to.contain(path.join(prebuilt, "loader.node"));
    } finally {
      copy.remove();
    }
  });

  it("ends with the exit code that the program asked for", () => {
    const program = `require(${JSON.stringify(LOAD)}).native(); process.exit(7);`;
    const { status, signal } = spawnSync(process.execPath, ["-r", REGISTER, "-e", program]);
    expect([status, signal]).to.deep.equal([7, null]);
  });
});
