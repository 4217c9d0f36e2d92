/** What NVIDIA's driver on this machine says, asked without libtorch; and which build of libtorch suits it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Variant } from "./release";

export interface NvidiaGpu {
  readonly name: string;
  readonly memoryBytes: number;
}

export interface NvidiaDriver {
  /** `580.65.06`. */
  readonly version: string;
  /** Newest CUDA that it serves, `13.0`, where nvidia-smi says so. */
  readonly cuda?: string;
  /** Empty where only the kernel module answers. */
  readonly gpus: readonly NvidiaGpu[];
}

export interface VariantChoice {
  readonly variant: Variant;
  /** Why, as a part of a sentence. */
  readonly reason: string;
}

/**
 * Oldest major version of the driver that CUDA 13 runs with (CUDA Toolkit 13.0 release notes, table of driver
 * versions).
 */
export const CUDA_13_DRIVER = 580;

/** Where Linux shows the driver: its version, and the device through which programs reach it. */
const KERNEL = { module: "/proc/driver/nvidia/version", device: "/dev/nvidiactl" };

/** The driver and its GPUs; undefined where there is none, or none that answers within ten seconds. */
export function nvidiaDriver(env: NodeJS.ProcessEnv = process.env, kernel = KERNEL): NvidiaDriver | undefined {
  const lines =
    nvidiaSmi(["--query-gpu=driver_version,memory.total,name", "--format=csv,noheader,nounits"], env)
      ?.trim()
      .split("\n") ?? [];
  const rows = lines.map((line) => /^([\d.]+), *(\d+), *(.+)$/.exec(line.trim())).filter((row) => row !== null);
  const version = rows[0]?.[1];
  if (version !== undefined) {
    const cuda = /CUDA Version:\s*([\d.]+)/.exec(nvidiaSmi([], env) ?? "")?.[1];
    const gpus = rows.map(([, , mebibytes, name = ""]) => ({ name, memoryBytes: Number(mebibytes) * 2 ** 20 }));
    return { version, gpus, ...(cuda !== undefined && { cuda }) };
  }
  // A container may be given the devices without the program; the module alone is the host's.
  const loaded = existsSync(kernel.device)
    ? /Kernel Module.*?\s(\d+\.[\d.]+)\s/.exec(readText(kernel.module))?.[1]
    : undefined;
  return loaded === undefined ? undefined : { version: loaded, gpus: [] };
}

/** CUDA where NVIDIA's driver is and is new enough, otherwise the CPU; with the reason, which is to be told. */
export function chooseVariant(driver: NvidiaDriver | undefined): VariantChoice {
  if (!driver) return { variant: "cpu", reason: "there is no NVIDIA driver here (nvidia-smi does not answer)" };
  const names = driver.gpus.length > 0 ? driver.gpus.map(({ name }) => name).join(", ") : "a GPU";
  if (Number.parseInt(driver.version, 10) >= CUDA_13_DRIVER) {
    return { variant: "cu130", reason: `NVIDIA's driver ${driver.version} serves ${names}` };
  }
  return {
    variant: "cpu",
    reason:
      `NVIDIA's driver ${driver.version}, which serves ${names}, is older than ${CUDA_13_DRIVER}, which CUDA 13 needs; ` +
      "install a newer driver and run setup --cuda",
  };
}

function nvidiaSmi(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  try {
    return execFileSync("nvidia-smi", args, {
      encoding: "utf8",
      env,
      timeout: 10_000,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
