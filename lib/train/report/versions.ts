/** The versions that a model is made with. */
import { libtorchInfo } from "../../native/load";
import { ownPackage } from "../../native/package-root";
import { cuda } from "../../tensor/cuda";
import type { Versions } from "./report-data";

/** Of this process, and of the device that a model is on. */
export function readVersions(device: string): Versions {
  const { version, variant } = libtorchInfo();
  const name = device.startsWith("cuda") ? cuda.properties(device as "cuda").name : undefined;
  return {
    torchwright: ownPackage.version,
    libtorch: `${version} (${variant})`,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    device: name === undefined ? device : `${device} (${name})`,
  };
}
