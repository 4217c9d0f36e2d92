/**
 * How often tensors were moved under their handles. Optimizers hold states beside parameters: where this has changed,
 * they look whether theirs have to follow.
 */

let count = 0;

/** Moves so far. */
export function moveCount(): number {
  return count;
}

/** To be called when a move is queued. */
export function countMove(): void {
  count += 1;
}
