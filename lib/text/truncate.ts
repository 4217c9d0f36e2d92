/** Which tokens of a text stay when there are too many, and in which windows the rest comes. Pure functions. */
import type { Truncation } from "./tokenizer";

/** Which end loses tokens; `truncation_side` in tokenizer_config.json. */
export type TruncationSide = "left" | "right";

/** Tokens from `start` up to `stop` of one text. */
export interface Span {
  readonly start: number;
  readonly stop: number;
}

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
 * How many tokens of each text stay under a rule, one text or two; undefined where the text that the rule cuts is
 * too short to make room. `only_second` needs two texts.
 */
export function keptLengths(
  lengths: readonly number[],
  room: number,
  rule: Exclude<Truncation, false>,
): number[] | undefined {
  const [first = 0, second] = lengths;
  const excess = first + (second ?? 0) - room;
  if (excess <= 0) return [...lengths];
  if (rule === "longest_first") return second === undefined ? [room] : longestFirst(first, second, room);
  const kept = [...lengths];
  const cut = rule === "only_first" ? 0 : 1;
  kept[cut] = (lengths[cut] ?? 0) - excess;
  return (kept[cut] ?? 0) > 0 ? kept : undefined;
}

/** The one span that stays of `length` tokens. */
export function keptSpan(length: number, kept: number, side: TruncationSide): Span {
  return side === "right" ? { start: 0, stop: kept } : { start: length - kept, stop: length };
}

/**
 * The windows of at most `kept` tokens in which a text comes whole, the one that truncation would leave first. Each
 * shares `stride` tokens, fewer than `kept`, with the one before.
 */
export function windows(length: number, kept: number, stride: number, side: TruncationSide): Span[] {
  if (length <= kept) return [{ start: 0, stop: length }];
  const spans: Span[] = [];
  for (let near = 0; ; near += kept - stride) {
    const far = Math.min(near + kept, length);
    spans.push(side === "right" ? { start: near, stop: far } : { start: length - far, stop: length - near });
    if (far === length) return spans;
  }
}

/** Windows of two texts joined, each with each; what follows the first two is in the order of Python's tokenizers. */
export function joinWindows(first: readonly Span[], second: readonly Span[]): Span[][] {
  const [a, ...later] = first.map((one) => second.map((other) => [one, other]));
  const [start, ...beside] = a ?? [];
  return [...(start ? [start] : []), ...later.flat(), ...beside];
}
