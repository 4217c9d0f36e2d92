/** States of the default generators, which dropout and other random operators draw from. */
import { native } from "../native/load";
import type { Tensor } from "./tensor";
import { wrap } from "./tensor";

/** The state of a device's generator as a uint8 tensor on the CPU; the caller or its scope owns it. */
export function randomState(device: string): Tensor {
  return wrap(native().randomState(device));
}

/** Goes back to a state that {@link randomState} gave. */
export function setRandomState(device: string, state: Tensor): void {
  native().setRandomState(device, state.handle);
}
