/** States of the default generators, which dropout and other random operators draw from. */
import { nativeInContext } from "./context";
import type { Tensor } from "./tensor";
import { wrap } from "./tensor";

/** The state of a device's generator as a uint8 tensor on the CPU; the caller or its scope owns it. */
export function randomState(device: string): Tensor {
  return wrap(nativeInContext().randomState(device));
}

/** Goes back to a state that {@link randomState} gave. */
export function setRandomState(device: string, state: Tensor): void {
  nativeInContext().setRandomState(device, state.handle);
}
