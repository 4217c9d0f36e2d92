/** Looks at `--device` before anything is read: data and models can take minutes. */
import { resolveDevice } from "../../tensor/device";
import { asUsage } from "../usage-error";

/** Throws UsageError for a name that is no device, ERR_DEVICE_UNAVAILABLE for one that is not here. */
export function checkDevice(device: string | undefined): void {
  if (device !== undefined) asUsage(() => resolveDevice(device));
}
