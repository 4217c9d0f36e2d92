/** Shows how a download comes along, or tells whoever asked to be told. */
import { transferProgress } from "../setup/transfer-progress";
import type { RemoteFile } from "./remote";
import type { HubCall } from "./request";

const EVERY_MS = 100;

/** Of one file: `told` takes the bytes that are there, `end` is called once, whatever happened. */
export interface ShownProgress {
  readonly told: (bytes: number) => void;
  readonly end: () => void;
}

export function showProgress({ repository, settings: { progress } }: HubCall, file: RemoteFile): ShownProgress {
  if (typeof progress === "function") {
    let last = -Infinity;
    const told = (bytes: number): void => {
      const now = performance.now();
      if (bytes < file.size && now - last < EVERY_MS) return;
      last = now;
      progress({ repository, file: file.path, bytes, totalBytes: file.size });
    };
    return { told, end: () => undefined };
  }
  if (progress === "silent" || !process.stderr.isTTY) return { told: () => undefined, end: () => undefined };
  let line: ReturnType<typeof transferProgress> | undefined;
  return {
    told: (bytes) => {
      line ??= transferProgress(`${repository}/${file.path}`, file.size, bytes);
      line.update(bytes);
    },
    end: () => line?.finish(),
  };
}
