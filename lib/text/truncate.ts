/** Which tokens of an encoding stay when it is too long. Pure functions, so that threads share nothing. */

/** Which end loses tokens; `truncation_side` in tokenizer_config.json. */
export type TruncationSide = "left" | "right";

/**
 * How many tokens of each text stay when both together may have `room`: the longer loses tokens first,
 * then both alike. The rule of the `tokenizers` library for `longest_first`.
 */
export function longestFirst(first: number, second: number, room: number): [first: number, second: number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  let low = shorter;
  let high = shorter > room ? shorter : Math.max(shorter, room - shorter);
  if (low + high > room) {
    low = Math.floor(room / 2);
    high = low + (room % 2);
  }
  return first <= second ? [low, high] : [high, low];
}

/**
 * Positions that stay of an encoding that is cut to `maxLength` tokens. Special tokens all stay.
 *
 * @param sequences the text that each token belongs to: 0, 1, or null for a special token
 */
export function keptPositions(
  sequences: readonly (number | null)[],
  maxLength: number,
  side: TruncationSide,
): number[] {
  const counts: [number, number] = [0, 0];
  for (const sequence of sequences) if (sequence !== null) counts[sequence === 0 ? 0 : 1]++;
  const room = maxLength - (sequences.length - counts[0] - counts[1]);
  const keep = longestFirst(counts[0], counts[1], room);
  const seen: [number, number] = [0, 0];
  const kept: number[] = [];
  sequences.forEach((sequence, position) => {
    if (sequence === null) return void kept.push(position);
    const text = sequence === 0 ? 0 : 1;
    const rank = seen[text]++;
    const stays = side === "right" ? rank < keep[text] : rank >= counts[text] - keep[text];
    if (stays) kept.push(position);
  });
  return kept;
}
