/** The build that is chosen where none is said. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chooseVariant, nvidiaDriver } from "../../lib/setup/nvidia";
import { runCli } from "../support/cli-process";

/** As nvidia-smi answers with and without a query. */
const smi = (driver: string): string =>
  `#!/bin/sh\ncase "$1" in --query-gpu=*) echo '${driver}, 81559, NVIDIA H100 80GB HBM3' ;; *) echo '| NVIDIA-SMI ${driver}   Driver Version: ${driver}   CUDA Version: 13.0 |' ;; esac\n`;

describe("the build chosen by what the machine has", () => {
  let folder: string;
  const absent = { module: "/nonexistent/version", device: "/nonexistent/device" };
  const withSmi = (driver: string): NodeJS.ProcessEnv => {
    writeFileSync(path.join(folder, "nvidia-smi"), smi(driver), { mode: 0o755 });
    return { PATH: `${folder}:/usr/bin:/bin` };
  };
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is CUDA's where a driver that is new enough names a GPU", () => {
    const driver = nvidiaDriver(withSmi("580.65.06"), absent);
    expect(driver).to.deep.equal({
      version: "580.65.06",
      cuda: "13.0",
      gpus: [{ name: "NVIDIA H100 80GB HBM3", memoryBytes: 81559 * 2 ** 20 }],
    });
    expect(chooseVariant(driver))
      .to.include({ variant: "cu130" })
      .and.to.have.property("reason")
      .that.contains("NVIDIA H100");
  });

  it("is the CPU's where the driver is too old for CUDA 13, which is said", () => {
    const { variant, reason } = chooseVariant(nvidiaDriver(withSmi("535.129.03"), absent));
    expect(variant).to.equal("cpu");
    expect(reason).to.contain("535.129.03").and.to.contain("older than 580").and.to.contain("setup --cuda");
  });

  it("is the CPU's where there is no driver, which is said", () => {
    const driver = nvidiaDriver({ PATH: folder }, absent);
    expect(driver).to.equal(undefined);
    expect(chooseVariant(driver))
      .to.include({ variant: "cpu" })
      .and.to.have.property("reason")
      .that.contains("no NVIDIA driver");
  });

  it("knows a driver without nvidia-smi by its kernel module, where its device is here too", () => {
    const module = path.join(folder, "version");
    writeFileSync(
      module,
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\nGCC version: gcc 12.2.0\n",
    );
    expect(nvidiaDriver({ PATH: folder }, { module, device: module })).to.deep.equal({
      version: "580.65.06",
      gpus: [],
    });
    expect(nvidiaDriver({ PATH: folder }, { module, device: "/nonexistent" })).to.equal(undefined);
  });

  it("is told by setup, with the reason", async () => {
    const env = {
      ...withSmi("580.65.06"),
      TORCHWRIGHT_CACHE: path.join(folder, "cache"),
      TORCHWRIGHT_SKIP_DOWNLOAD: "1",
    };
    const { code, stderr } = await runCli(["setup"], { env });
    expect(code).to.equal(1);
    expect(stderr).to.contain(
      "taking the CUDA build: NVIDIA's driver 580.65.06 serves NVIDIA H100 80GB HBM3 (--cpu takes the other)",
    );
  });
});
