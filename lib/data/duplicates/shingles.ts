/**
 * What a text is made of when texts are compared: overlapping pieces, after case, spacing and punctuation are levelled.
 */

/** The pieces by which two texts are compared. */
export interface Shingle {
  /** Whether a piece is counted in characters (UTF-16 code units) or in words between spaces. */
  readonly unit: "character" | "word";
  /** Characters or words in a piece; a shorter text is one piece. */
  readonly size: number;
}

/**
 * The text as it is compared: NFKC, case folded, and each run of whitespace, punctuation and control characters one
 * space. Symbols stay, because "C" and "C++" differ by nothing else. Of a text without anything else, itself: then it
 * is near to its equals only.
 */
export function levelled(text: string): string {
  // To upper case and back folds what lower case alone leaves apart: "straße" and "STRASSE", "ς" and "σ".
  const folded = text.normalize("NFKC").toUpperCase().toLowerCase();
  return folded.replace(/[\p{P}\p{Z}\p{Cc}\p{Cf}\p{Cs}\s]+/gu, " ").trim() || text;
}

/** Every piece of a levelled text, repeats included. */
function* shinglesOf(text: string, { unit, size }: Shingle): Generator<string, void, void> {
  if (unit === "character") {
    for (let start = 0; start + size <= text.length; start++) yield text.slice(start, start + size);
    if (text.length < size) yield text;
    return;
  }
  const words = text.split(" ");
  for (let start = 0; start + size <= words.length; start++) yield words.slice(start, start + size).join(" ");
  if (words.length < size) yield text;
}

/** 32 bits for each piece of a levelled text, by MurmurHash3's mixing; equal pieces have equal hashes. */
export function* shingleHashes(text: string, { unit, size }: Shingle): Generator<number, void, void> {
  if (unit === "character") {
    for (let start = 0; start + size <= text.length; start++) yield hashOf(text, start, start + size);
    if (text.length < size) yield hashOf(text, 0, text.length);
    return;
  }
  const starts = [0];
  for (let at = text.indexOf(" "); at >= 0; at = text.indexOf(" ", at + 1)) starts.push(at + 1);
  const last = Math.max(0, starts.length - size);
  for (let word = 0; word <= last; word++) {
    const end = word + size < starts.length ? (starts[word + size] as number) - 1 : text.length;
    yield hashOf(text, starts[word] as number, end);
  }
}

function hashOf(text: string, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) {
    let unit = Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    unit = Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    hash ^= unit;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Pieces that two levelled texts have in common, as a share of all that either has: their Jaccard similarity, 0 to 1.
 */
export function similarity(a: string, b: string, shingle: Shingle): number {
  const one = new Set(shinglesOf(a, shingle));
  const other = new Set(shinglesOf(b, shingle));
  let common = 0;
  for (const piece of one) if (other.has(piece)) common++;
  return common / (one.size + other.size - common);
}
