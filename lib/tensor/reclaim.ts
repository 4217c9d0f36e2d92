/**
 * Keeps a long turn of the event loop from holding every tensor that it ever made.
 *
 * Finalizers run only when the loop turns: not in a loop that never awaits, nor in one that awaits only promises
 * that are settled already. So tensors that no scope owns are counted from turn to turn; where a turn makes many
 * and their native memory grows, further ones are watched by weak reference, and a collection frees the dead ones in
 * mid-turn (binding/src/reclaim.h says how).
 */
import { native } from "../native/load";
import { endCompanions } from "./finalizers";
import type { Tensor } from "./tensor";

/**
 * A look at the memory in use costs a twentieth of an operator: after each of the first tensors, then after every
 * fourth.
 */
const FIRST = 8;
const LOOK_EVERY = 4;
/** Light ones, which hold a kilobyte at most, are looked at for their number only. */
const LOOK_EVERY_LIGHT = 64;

let sinceTurn = 0;
let watching = false;

/** To be called for every tensor that is left to the garbage collector. */
export function leftToCollector(tensor: Tensor, light: boolean): void {
  sinceTurn += 1;
  if (sinceTurn === 1) setImmediate(turned);
  const due = light ? sinceTurn % LOOK_EVERY_LIGHT === 0 : sinceTurn <= FIRST || sinceTurn % LOOK_EVERY === 0;
  if (watching || due) watching = native().pressed(sinceTurn);
  if (watching) native().watch(tensor, tensor.handle);
}

function turned(): void {
  sinceTurn = 0;
  watching = false;
  endCompanions();
  native().turned();
}
