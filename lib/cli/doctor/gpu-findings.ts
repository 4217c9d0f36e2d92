/** Findings about NVIDIA's driver and the GPUs, as the driver itself and as libtorch sees them. */
import type { Libtorch } from "../../native/describe-libtorch";
import { gigabytes } from "../../setup/disk";
import { CUDA_13_DRIVER } from "../../setup/nvidia";
import type { NvidiaDriver } from "../../setup/nvidia";
import type { Finding } from "./finding";
import type { GpuAnswer, OpenAnswer } from "./probes";

/** `opened`: what libtorch said; undefined where it could not be asked, which another finding says. */
export function driverFindings(
  driver: NvidiaDriver | undefined,
  libtorch: Libtorch | undefined,
  opened: OpenAnswer | undefined,
): Finding[] {
  return [driverFinding(driver, libtorch, opened), ...(opened?.gpus ?? []).map((gpu) => gpuFinding(gpu))];
}

function driverFinding(
  driver: NvidiaDriver | undefined,
  libtorch: Libtorch | undefined,
  opened: OpenAnswer | undefined,
): Finding {
  const name = "GPU";
  const cuda = libtorch !== undefined && libtorch.variant !== "cpu";
  if (!driver) {
    const text = "no NVIDIA driver answers";
    if (opened !== undefined && opened.gpus.length > 0) {
      return { name, status: "ok", text: `nvidia-smi does not answer, libtorch ${libtorch?.variant} sees GPUs` };
    }
    if (!cuda) return { name, status: "ok", text: `${text}: training is on the CPU` };
    return {
      name,
      status: "note",
      text: `${text}, and libtorch is a CUDA build: training is on the CPU`,
      remedy: "install NVIDIA's driver, or give the container its GPUs (docker run --gpus all)",
    };
  }
  const gpus =
    driver.gpus.map((gpu) => `${gpu.name} with ${gigabytes(gpu.memoryBytes)}`).join(", ") ||
    "GPUs that it does not name";
  const text = `driver ${driver.version}${driver.cuda === undefined ? "" : ` for CUDA up to ${driver.cuda}`}: ${gpus}`;
  const details = { ...driver };
  if (libtorch === undefined) return { name, status: "ok", text, details };
  if (!cuda) {
    return {
      name,
      status: "note",
      text: `${text}; libtorch is the build for the CPU`,
      remedy: "npx torchwright setup --cuda",
      details,
    };
  }
  if (opened !== undefined && opened.gpus.length === 0) {
    const old = libtorch.variant.startsWith("cu13") && Number.parseInt(driver.version, 10) < CUDA_13_DRIVER;
    const remedy = old
      ? `install driver ${CUDA_13_DRIVER} or newer, which CUDA 13 needs`
      : "look at CUDA_VISIBLE_DEVICES, and at what a container is given";
    return {
      name,
      status: "problem",
      text: `${text}; libtorch ${libtorch.variant} sees none: ${opened.reason}`,
      remedy,
      details,
    };
  }
  return { name, status: "ok", text: `${text}; libtorch is built for ${libtorch.variant}`, details };
}

function gpuFinding({
  device,
  name = "a GPU without a name",
  capability,
  totalBytes,
  freeBytes,
  problem,
}: GpuAnswer): Finding {
  const described = `${name}${capability === undefined ? "" : `, capability ${capability}`}`;
  const details = { name, capability, totalBytes, freeBytes };
  if (problem !== undefined || totalBytes === undefined || freeBytes === undefined) {
    return {
      name: device,
      status: "problem",
      text: `${described}: ${problem ?? "its memory is not known"}`,
      remedy: "nvidia-smi says who uses the GPU and whether it is healthy",
      details,
    };
  }
  return {
    name: device,
    status: "ok",
    text: `${described}, ${gigabytes(totalBytes)}, ${gigabytes(freeBytes)} of it free`,
    details,
  };
}
