/**
 * Where a text may be cut so that its parts have the tokens of the whole, if the tokenizer is local (see
 * `local-pipeline.ts`).
 */

/** UTF-16 units of a piece of a long text. */
const PIECE = 8192;

/**
 * Where the pieces of a long text begin; `[0]` for one that stays whole.
 *
 * The library hands over a text's tokens in one go, on the JavaScript thread: those of 10 MB would hold it for a
 * tenth of a second and more. And it works on one text with one core.
 */
export function pieceStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = PIECE; at < text.length; at += PIECE) {
    at = nextCut(text, at);
    if (at < text.length) starts.push(at);
  }
  return starts;
}

/**
 * The next place from `from` on, at least 1, where a text may be cut: in front of a space between two plain characters.
 * Else its length.
 */
export function nextCut(text: string, from: number): number {
  for (let at = text.indexOf(" ", from); at !== -1; at = text.indexOf(" ", at + 1)) {
    if (isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at + 1))) return at;
  }
  return text.length;
}

/**
 * Whether the character of this UTF-16 unit stands for itself beside a space: visible ASCII, other letters, digits and
 * punctuation.
 */
function isPlain(unit: number): boolean {
  if (unit < 0x80) return unit > 0x20 && unit !== 0x7f;
  if (Number.isNaN(unit)) return false; // beyond the end
  const known = KNOWN[unit];
  if (known !== undefined && known !== 0) return known === PLAIN;
  const character = String.fromCharCode(unit); // half of a surrogate pair is none
  // Some are a space with a mark, which may be all that a normalizer leaves of them.
  const visible = character.normalize("NFKD").replace(/[\p{M}\s]/gu, "") !== "";
  const plain = visible && /(?![\p{M}\p{Grapheme_Extend}])[\p{L}\p{N}\p{P}]/u.test(character);
  KNOWN[unit] = plain ? PLAIN : OTHER;
  return plain;
}

/** What is known of units above ASCII; 0 is nothing yet. */
const KNOWN = new Uint8Array(65_536);
const PLAIN = 1;
const OTHER = 2;
