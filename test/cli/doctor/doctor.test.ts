/**
 * The doctor on machines where all is well and where it is not: what is broken is really broken, in libraries that it
 * opens.
 */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Finding, Report } from "../../../lib/cli/doctor/finding";
import { locateLibtorch } from "../../../lib/native/locate";
import { runCli } from "../../support/cli-process";
import { fakeLibtorch } from "../../support/fake-libtorch";

describe("torchwright doctor", function () {
  this.timeout(240_000); // each run starts up to four processes
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const examine = async (
    env: NodeJS.ProcessEnv,
    ...args: string[]
  ): Promise<Report & { code: number | null; named(name: string): Finding }> => {
    const { code, stdout, stderr } = await runCli(["doctor", "--json", ...args], { env });
    expect(stdout, stderr).to.match(/^\{.*\}\n$/);
    const report = JSON.parse(stdout) as Report;
    expect(code, stdout).to.equal(report.trains ? 0 : 1);
    return {
      ...report,
      code,
      named: (name) =>
        report.findings.find((finding) => finding.name === name) ?? expect.fail(`no finding ${name} in ${stdout}`),
    };
  };

  /** A libtorch of the right release whose one library is compiled from C. */
  const compiledLibtorch = (source: string, ...flags: string[]): string => {
    const root = fakeLibtorch(path.join(folder, "torch"), `${locateLibtorch().version}+cpu`);
    execFileSync(
      process.env["CC"] ?? "cc",
      ["-shared", "-fPIC", "-x", "c", "-", "-o", path.join(root, "lib/libtorch.so"), ...flags],
      { input: source },
    );
    return root;
  };

  it("finds all well where a training step works, says so line by line, and ends with 0", async () => {
    const real = { LIBTORCH: locateLibtorch().root };
    const { code, stdout } = await runCli(["doctor"], { env: real });
    expect(code, stdout).to.equal(0);
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines.slice(0, -1)) expect(line).to.match(/^(ok {6}|note {4}) \S/);
    for (const name of [
      "Node",
      "system",
      "addon",
      "libtorch",
      "libraries",
      "opening",
      "GPU",
      "training on cpu",
      "disk",
    ]) {
      expect(
        lines.some((line) => line.slice(9).startsWith(`${name} `)),
        `${name} in\n${stdout}`,
      ).to.equal(true);
    }
    expect(lines.at(-1)).to.match(/^Training works, on cpu/);
    const step = /loss from ([\d.]+) to ([\d.]+)/.exec(stdout);
    expect(Number(step?.[2])).to.be.lessThan(Number(step?.[1]));
  });

  it("says where it looked in vain for libtorch, and the command that brings it", async () => {
    const report = await examine({ TORCHWRIGHT_CACHE: path.join(folder, "cache") });
    expect(report).to.include({ trains: false, code: 1 });
    expect(report.devices).to.deep.equal([]);
    expect(report.named("libtorch")).to.include({ status: "problem", remedy: "npx torchwright setup" });
    expect(report.named("libtorch").text).to.contain("LIBTORCH: not set").and.to.contain(path.join(folder, "cache"));
    expect(report.named("addon").status).to.equal("ok");
    expect(report.findings.map(({ name }) => name)).to.not.include("opening");
  });

  it("finds a library that was cut short, which kills the system's loader, and outlives it", async () => {
    const { root: real, version } = locateLibtorch();
    const root = fakeLibtorch(path.join(folder, "torch"), `${version}+cpu`);
    for (const name of ["libtorch.so", "libc10.so"]) {
      copyFileSync(path.join(real, "lib", name), path.join(root, "lib", name));
    }
    execFileSync("sh", [
      "-c",
      'head -c 1000000 "$1" >"$2"',
      "sh",
      path.join(real, "lib/libtorch_cpu.so"),
      path.join(root, "lib/libtorch_cpu.so"),
    ]);
    const report = await examine({ LIBTORCH: root });
    expect(report.named("libtorch").status).to.equal("ok");
    expect(report.named("libraries").status).to.equal("problem");
    expect(report.named("opening").status).to.equal("problem");
    expect(report.trains).to.equal(false);
  });

  it("finds a library in the cache that has not the size it was installed with", async () => {
    const cache = path.join(folder, "cache");
    const env = { TORCHWRIGHT_CACHE: cache };
    expect((await runCli(["setup", "--from", fakeLibtorch(path.join(folder, "torch"))], { env })).code).to.equal(0);
    truncateSync(path.join(cache, "libtorch-2.13.0-cpu/torch/lib/libtorch.so"), 3);
    const found = (await examine(env)).named("libtorch");
    expect(found).to.include({ status: "problem", remedy: "npx torchwright setup --cpu --force" });
    expect(found.text).to.contain("libtorch.so is damaged: expected 7 bytes, got 3");
  });

  it("names the shared libraries that are missing", async () => {
    const gone = path.join(folder, "libgone.so");
    execFileSync(process.env["CC"] ?? "cc", [
      "-shared",
      "-fPIC",
      "-Wl,-soname,libgone.so.7",
      "-x",
      "c",
      "/dev/null",
      "-o",
      gone,
    ]);
    const root = compiledLibtorch("", "-Wl,--no-as-needed", `-L${folder}`, "-lgone");
    const report = await examine({ LIBTORCH: root });
    expect(report.named("libraries").status).to.equal("problem");
    expect(report.named("libraries").details?.["missing"]).to.include("libgone.so.7");
    expect(report.named("opening").text).to.contain("libgone.so.7");
  });

  it("reports a library that kills what opens it, by the signal", async () => {
    const root = compiledLibtorch(
      "#include <signal.h>\n__attribute__((constructor)) void killed(void) { raise(SIGSEGV); }\n",
    );
    const report = await examine({ LIBTORCH: root });
    expect(report.named("opening").status).to.equal("problem");
    expect(report.named("opening").text).to.contain("was killed by SIGSEGV");
    expect(report.named("disk").status, "it goes on to the end").to.not.equal("problem");
  });

  it("gives up on a library that hangs what opens it", async () => {
    const root = compiledLibtorch(
      "#include <unistd.h>\n__attribute__((constructor)) void hung(void) { for (;;) pause(); }\n",
    );
    const report = await examine({ LIBTORCH: root }, "--timeout", "6");
    expect(report.named("opening").status).to.equal("problem");
    expect(report.named("opening").text).to.contain("did not end within 6 s");
    expect(report.named("opening").remedy).to.contain("--timeout");
  });

  it("refuses a time that is none", async () => {
    const { code, stderr } = await runCli(["doctor", "--timeout", "soon"]);
    expect(code).to.equal(2);
    expect(stderr).to.contain("above 0");
  });
});
