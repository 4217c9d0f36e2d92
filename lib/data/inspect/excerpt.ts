/** Parts of texts to show, and characters that would not show, or do harm, as escapes. */

/** Longest excerpt in UTF-16 code units, and how much of it stands before the position that matters. */
const LONGEST = 160;
const BEFORE = 30;

/** The part of a text around a position; `…` stands for what is left out. Whole surrogate pairs only. */
export function excerptOf(text: string, at = 0, longest = LONGEST): string {
  let start = at + BEFORE < longest ? 0 : at - BEFORE;
  let end = Math.min(text.length, start + longest);
  if (splitsPair(text, start)) start++;
  if (splitsPair(text, end)) end--;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}

function splitsPair(text: string, at: number): boolean {
  return at > 0 && at < text.length && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text of data that is safe to print: control characters, which a terminal may obey, marks that turn the direction of
 * writing, and lone surrogates are written as escapes.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (character) => {
    return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
