/** The versions that a model is made with. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { libtorchInfo } from "../../native/load";
import { cuda } from "../../tensor/cuda";
import type { Versions } from "./report-data";

/** Of this process, and of the device that a model is on. */
export async function readVersions(device: string): Promise<Versions> {
  // lib/train/report, or dist/train/report in the package.
  const manifest = JSON.parse(await readFile(path.join(__dirname, "..", "..", "..", "package.json"), "utf8")) as { readonly version: string };
  const { version, variant } = libtorchInfo();
  const name = device.startsWith("cuda") ? cuda.properties(device as "cuda").name : undefined;
  return {
    torchwright: manifest.version,
    libtorch: `${version} (${variant})`,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    device: name === undefined ? device : `${device} (${name})`,
  };
}
