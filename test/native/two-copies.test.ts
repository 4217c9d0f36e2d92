/** Two copies of the package in one process: the second is refused by name; workers and child processes are not. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Compiled } from "../support/compiled";
import { compile } from "../support/compiled";
import { libtorchInfo, native } from "../../lib/native/load";

const ROOT = path.join(__dirname, "../..");

describe("a second copy of the package", function () {
  this.timeout(120_000);
  let first: Compiled;
  let second: Compiled;
  let scratch: string;

  before(() => {
    native(); // built, or the tests below would speak of something else
    first = compile([]);
    second = compile([]);
    scratch = mkdtempSync(path.join(tmpdir(), "torchwright-copies-"));
    // The second is another version with addons of its own.
    const root = path.dirname(path.dirname(second.file("lib/index.ts")));
    const built = process.env["TORCHWRIGHT_ADDONS"] ?? path.join(ROOT, "build", "Release");
    unlinkSync(path.join(root, "build"));
    mkdirSync(path.join(root, "build", "Release"), { recursive: true });
    for (const name of ["loader.node", "torchwright.node"]) {
      copyFileSync(path.join(built, name), path.join(root, "build", "Release", name));
    }
    unlinkSync(path.join(root, "package.json"));
    const manifest = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as object;
    writeFileSync(path.join(root, "package.json"), JSON.stringify({ ...manifest, version: "99.0.0" }));
    mkdirSync(path.join(scratch, "node_modules"));
    symlinkSync(path.dirname(first.file("lib/index.ts")), path.join(scratch, "node_modules", "first"));
    symlinkSync(path.dirname(second.file("lib/index.ts")), path.join(scratch, "node_modules", "second"));
  });

  after(() => {
    first.remove();
    second.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** What a program prints; `sum(copy)` computes with a copy, or gives the code and message of its error. */
  function run(program: string): string {
    const file = path.join(scratch, "program.cjs");
    const sum = `
      const sum = (copy) => {
        try {
          return require(copy).Tensor.from([1, 2, 3]).sum().item();
        } catch (error) {
          return error.code + " " + error.message;
        }
      };
    `;
    writeFileSync(file, sum + program);
    const { TORCHWRIGHT_ADDONS: _, ...env } = process.env;
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], {
      encoding: "utf8",
      env: { ...env, ...firstAddons() },
    });
    expect([status, signal], stderr).to.deep.equal([0, null]);
    return stdout.trim();
  }

  /** A build that is no checkout's usual one is named by the environment, for the first copy's link to find. */
  function firstAddons(): NodeJS.ProcessEnv {
    if (process.env["TORCHWRIGHT_ADDONS"] === undefined) return {};
    const root = path.dirname(path.dirname(first.file("lib/index.ts")));
    rmSync(path.join(root, "build"), { force: true, recursive: true });
    mkdirSync(path.join(root, "build"));
    symlinkSync(path.resolve(process.env["TORCHWRIGHT_ADDONS"]), path.join(root, "build", "Release"));
    return {};
  }

  it("is an error that names both places and the remedy, and the first works on", () => {
    const [one, two, again] = run('console.log([sum("first"), sum("second"), sum("first")].join("\\n"));').split("\n");
    expect([one, again]).to.deep.equal(["6", "6"]);
    expect(two)
      .to.match(/^ERR_TWO_COPIES /)
      .and.to.contain("npm ls torchwright");
    expect(two).to.contain(
      realpathSync(path.join(path.dirname(second.file("lib/index.ts")), "..", "build", "Release")),
    );
    expect(two?.match(/Release/g)).to.have.length(2);
  });

  /** Source of a promise of what a worker's sum is, or its error's code. */
  const inWorker = (copy: string, env = "process.env"): string => `
    new Promise((resolve) => new (require("node:worker_threads").Worker)(
      \`const { parentPort } = require("node:worker_threads");
      let result;
      try { result = require(${JSON.stringify(path.join(scratch, "node_modules", copy))}).Tensor.from([1, 2, 3]).sum().item(); } catch (error) { result = error.code; }
      parentPort.postMessage(result);\`,
      { eval: true, env: ${env} }).once("message", resolve))`;

  it("is refused in a worker as well, where the first copy works", () => {
    const output = run(
      `(async () => console.log(sum("first"), await ${inWorker("first")}, await ${inWorker("second")}, await ${inWorker("first")}))();`,
    );
    expect(output).to.equal("6 6 ERR_TWO_COPIES 6");
  });

  it("is as one copy with a second libtorch: refused in a worker, while the first works on", () => {
    const { library, version, variant, root } = libtorchInfo();
    const other = path.join(scratch, "another", "libtorch");
    mkdirSync(path.join(other, "lib"), { recursive: true });
    writeFileSync(path.join(other, "build-version"), `${version}+${variant}`);
    copyFileSync(library, path.join(other, "lib", path.basename(library))); // it is not even opened
    const libtorch = (folder: string): string => `{ ...process.env, LIBTORCH: ${JSON.stringify(folder)} }`;
    const output = run(
      `(async () => console.log(sum("first"), await ${inWorker("first", libtorch(other))}, await ${inWorker("first", libtorch(root))}, sum("first")))();`,
    );
    expect(output).to.equal("6 ERR_TWO_COPIES 6 6");
  });

  it("works in a child process, and where the first copy was only imported", () => {
    const child =
      'require("node:child_process").execFileSync(process.execPath, ["-p", "require(\'second\').Tensor.from([2]).sum().item()"], { encoding: "utf8", cwd: __dirname }).trim()';
    expect(run(`console.log(sum("first"), ${child});`)).to.equal("6 2");
    expect(run('require("first"); console.log(sum("second"));')).to.equal("6");
  });

  it("may be used when the first could not open libtorch", () => {
    const output = run(
      'require("first").useLibtorch({ folder: __dirname }); console.log(sum("first").split(" ")[0], sum("second"));',
    );
    expect(output).to.equal("ERR_LIBTORCH_NOT_FOUND 6");
  });
});
