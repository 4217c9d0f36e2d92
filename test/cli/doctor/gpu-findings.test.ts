/** What is said of driver and GPUs, for machines that these tests do not run on. */
import { expect } from "chai";
import { driverFindings } from "../../../lib/cli/doctor/gpu-findings";
import type { OpenAnswer } from "../../../lib/cli/doctor/probes";
import { nodeFinding, systemFinding } from "../../../lib/cli/doctor/machine";
import type { Libtorch } from "../../../lib/native/describe-libtorch";

describe("the doctor's findings", () => {
  const driver = { version: "580.65.06", cuda: "13.0", gpus: [{ name: "NVIDIA H100", memoryBytes: 80e9 }] };
  const libtorch = (variant: string): Libtorch => ({
    root: "/t",
    version: "2.13.0",
    variant,
    includeDirs: [],
    libDir: "/t/lib",
    library: "/t/lib/libtorch.so",
  });
  const opened = (gpus: OpenAnswer["gpus"], reason = ""): OpenAnswer => ({
    addons: "/a",
    accelerator: "cuda",
    reason,
    gpus,
  });

  it("of a GPU that libtorch sees: name, capability and memory, with the driver and its CUDA", () => {
    const gpu = { device: "cuda:0", name: "NVIDIA H100", capability: "9.0", totalBytes: 84e9, freeBytes: 80e9 };
    const [first, second, ...rest] = driverFindings(driver, libtorch("cu130"), opened([gpu]));
    expect(rest).to.deep.equal([]);
    expect(first).to.include({
      status: "ok",
      text: "driver 580.65.06 for CUDA up to 13.0: NVIDIA H100 with 80.0 GB; libtorch is built for cu130",
    });
    expect(second).to.include({
      name: "cuda:0",
      status: "ok",
      text: "NVIDIA H100, capability 9.0, 84.0 GB, 80.0 GB of it free",
    });
  });

  it("of a GPU beside the build for the CPU: a note, since training works, with the command", () => {
    const [finding] = driverFindings(driver, libtorch("cpu"), opened([]));
    expect(finding).to.include({ status: "note", remedy: "npx torchwright setup --cuda" });
  });

  it("of a GPU that the CUDA build does not see: a problem, with libtorch's reason and what to look at", () => {
    const [finding] = driverFindings(driver, libtorch("cu130"), opened([], "no CUDA-capable device is detected"));
    expect(finding).to.include({ status: "problem" });
    expect(finding?.text).to.contain("no CUDA-capable device is detected");
    expect(finding?.remedy).to.contain("CUDA_VISIBLE_DEVICES");
    const [old] = driverFindings(
      { ...driver, version: "535.129.03" },
      libtorch("cu130"),
      opened([], "the driver is too old"),
    );
    expect(old?.remedy).to.contain("580 or newer");
  });

  it("of the CUDA build without a driver: a note; of neither: nothing to do", () => {
    expect(driverFindings(undefined, libtorch("cu130"), opened([]))[0]).to.include({ status: "note" });
    expect(driverFindings(undefined, libtorch("cpu"), opened([]))[0]).to.include({ status: "ok" });
    expect(driverFindings(undefined, undefined, undefined)).to.have.length(1);
    const seen = driverFindings(
      undefined,
      libtorch("cu130"),
      opened([{ device: "cuda:0", totalBytes: 1, freeBytes: 1 }]),
    );
    expect(seen[0]?.text).to.equal("nvidia-smi does not answer, libtorch cu130 sees GPUs");
  });

  it("of a GPU whose memory cannot be asked for: a problem with the reason", () => {
    const gpu = { device: "cuda:1", name: "NVIDIA H100", problem: "an uncorrectable ECC error" };
    expect(driverFindings(driver, libtorch("cu130"), opened([gpu]))[1]).to.include({
      name: "cuda:1",
      status: "problem",
      text: "NVIDIA H100: an uncorrectable ECC error",
    });
  });

  it("of an old Node and of a system without prebuilt addons", () => {
    expect(nodeFinding({ node: "20.18.3", napi: "9" })).to.include({
      status: "problem",
      text: "expected 20.19 or newer, got 20.18.3",
    });
    expect(nodeFinding({ node: "24.1.0", napi: "10" })).to.include({ status: "ok" });
    for (const name of [
      "linux-x64 with musl",
      "linux-arm64 with glibc 2.36",
      "darwin-arm64",
      "linux-x64 with glibc 2.17",
    ]) {
      expect(systemFinding(name)).to.include({ status: "note" });
    }
    expect(systemFinding("linux-x64 with glibc 2.28")).to.include({ status: "ok", text: "linux-x64 with glibc 2.28" });
  });
});
