/** The error of memory that ran out, with the figures that say where it went. */
import { freemem } from "node:os";
import type { LargeTensor, OutOfMemoryDetails } from "../errors";
import { TorchwrightError } from "../errors";

/** What the addon knows; how much the host has free is Node's to say. */
export type Shortage = Omit<OutOfMemoryDetails, "freeBytes"> & { readonly freeBytes?: number };

export function outOfMemory(message: string, shortage: Shortage): TorchwrightError {
  const details: OutOfMemoryDetails = { freeBytes: freemem(), ...shortage };
  const { device, requestedBytes, freeBytes, liveBytes, largest } = details;
  const requested = requestedBytes === undefined ? "unknown" : formatBytes(requestedBytes);
  const tensors = largest.length === 0 ? "none here" : largest.map(describeTensor).join(", ");
  return new TorchwrightError(
    "ERR_OUT_OF_MEMORY",
    `${message} [${device}: requested ${requested}, free ${formatBytes(freeBytes)}, live ${formatBytes(liveBytes)}; largest live tensors: ${tensors}]`,
    { details },
  );
}

function describeTensor({ dtype, shape, bytes }: LargeTensor): string {
  return `${dtype} [${shape.join(", ")}] ${formatBytes(bytes)}`;
}

/** "512 B", "1.2 GiB". */
export function formatBytes(bytes: number): string {
  const exponent = Math.min(5, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const unit = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][exponent] ?? "";
  return exponent === 0 ? `${bytes} B` : `${(bytes / 1024 ** exponent).toFixed(1)} ${unit}`;
}
