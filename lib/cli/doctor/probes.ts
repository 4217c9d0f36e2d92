/** The probes themselves, each run in a process of its own by `torchwright doctor --probe <name>`. */
import { writeSync } from "node:fs";
import { TorchwrightError } from "../../errors";
import { mseLoss } from "../../functional/losses";
import type { LoaderAddon } from "../../native/addon";
import { packagedAddons } from "../../native/addon-folder";
import { chooseAddons, requireAddon } from "../../native/choose-addons";
import { driverProperties, native } from "../../native/load";
import { Linear } from "../../nn/linear";
import { AdamW } from "../../optim/adamw";
import { backward } from "../../tensor/backward";
import { manualSeed } from "../../tensor/device";
import { ops } from "../../tensor/ops";
import { scope } from "../../tensor/scope";
import { ANSWER } from "./probe";

/** The packaged addons, opened without libtorch. */
export interface AddonAnswer {
  readonly folder: string;
  /** Release of libtorch that they were built for. */
  readonly release: string;
}

/** A GPU as libtorch and the driver see it. */
export interface GpuAnswer {
  readonly device: string;
  readonly name?: string;
  /** Compute capability, `9.0`. */
  readonly capability?: string;
  readonly totalBytes?: number;
  readonly freeBytes?: number;
  /** Why its memory could not be asked for. */
  readonly problem?: string;
}

/** libtorch and both addons, opened. */
export interface OpenAnswer {
  readonly addons: string;
  readonly accelerator: string;
  /** Why there is no GPU, in libtorch's words. */
  readonly reason: string;
  readonly gpus: readonly GpuAnswer[];
}

/** One training step. */
export interface StepAnswer {
  readonly lossBefore: number;
  readonly lossAfter: number;
}

/** Runs a probe and writes its answer. */
export async function answerProbe(name: string): Promise<void> {
  let answer: object;
  try {
    answer = { value: await probe(name) };
  } catch (error) {
    const code = error instanceof TorchwrightError ? error.code : "ERR_NATIVE";
    answer = { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
  writeSync(ANSWER, JSON.stringify(answer));
}

async function probe(name: string): Promise<AddonAnswer | OpenAnswer | StepAnswer> {
  if (name === "addon") return addon();
  if (name === "open") return open();
  const device = /^train:(.+)$/.exec(name)?.[1];
  if (device !== undefined) return trainingStep(device);
  throw new TorchwrightError("ERR_INVALID_ARG", `doctor: expected a probe addon, open or train:<device>, got ${name}`);
}

function addon(): AddonAnswer {
  const folder = packagedAddons();
  return { folder, release: requireAddon<LoaderAddon>(folder, "loader.node").headersVersion };
}

function open(): OpenAnswer {
  const { accelerator, count, reason } = native().deviceInfo();
  const gpus = Array.from({ length: accelerator === "cuda" ? count : 0 }, (_, index) => gpu(index));
  return { addons: chooseAddons({}).folder, accelerator, reason, gpus };
}

function gpu(index: number): GpuAnswer {
  const device = `cuda:${index}`;
  const known = driverProperties(index);
  const described = { device, ...(known && { name: known.name, capability: `${known.major}.${known.minor}` }) };
  try {
    const { totalBytes, freeBytes } = native().memoryStats(device);
    return { ...described, totalBytes, freeBytes };
  } catch (error) {
    return { ...described, problem: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
}

/** A linear layer learns one batch by one step of AdamW: forward, backward and the fused kernel on that device. */
async function trainingStep(device: string): Promise<StepAnswer> {
  manualSeed(1);
  return scope(async () => {
    const layer = new Linear(16, 4, { device });
    const optimizer = new AdamW([...layer.parameters()], { lr: 0.01 });
    const x = ops.randn([8, 16], { device }); // [B, in]
    const target = ops.randn([8, 4], { device }); // [B, out]
    const before = mseLoss(layer.forward(x), target);
    await backward([before]);
    await optimizer.step();
    const lossBefore = before.item() as number;
    const lossAfter = mseLoss(layer.forward(x), target).item() as number;
    optimizer.dispose();
    layer.dispose();
    if (lossAfter < lossBefore) return { lossBefore, lossAfter };
    throw new TorchwrightError(
      "ERR_NON_FINITE",
      `doctor: expected a step of AdamW to lower the loss on ${device}, got ${lossAfter} after ${lossBefore}`,
    );
  });
}
