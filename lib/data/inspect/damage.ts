/** Recognises what wrong decoding, cutting and scraping leave in a text. */
import type { DamageKind } from "./report";

/** Windows-1252's characters for the bytes 0x80 to 0x9F, with Latin-1's own for those that it leaves open. */
const HIGH = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ\u0080-\u009f";
/** What a continuation byte of UTF-8, 0x80 to 0xBF, looks like when it is read as Windows-1252 or Latin-1. */
const NEXT = `[${HIGH}\u00a0-\u00bf]`;
/** Of those, closing quotation marks: after a word in capitals, as in «MAÇÃ», they may be meant. */
const CLOSING = "»”’";

/**
 * Only what no one writes on purpose: a French "voilà »" or a German „GRÖ“ has the bytes of UTF-8 as well. So of
 * sequences of two, three and four bytes alone count those that are frequent and unlikely otherwise; of the others it
 * takes two.
 */
const MOJIBAKE = new RegExp(
  [
    `[ÂÃ](?![${CLOSING}])${NEXT}`, // U+0080 to U+00FF: "Ã©" for "é", "Â " for a no-break space
    `(?<!\\p{Lu})[ÂÃ][${CLOSING}]`,
    `â[€\u0080‚„†ˆ‰]${NEXT}`, // U+2000 and later: "â€™" for "’", "â„¢" for "™"
    "ï»¿", // the byte order mark
    `ð[Ÿ\u009f]${NEXT}${NEXT}`, // emoji
    `(?:[Ä-ß]${NEXT}){2}`, // Greek, Cyrillic, Hebrew, Arabic
    `(?:[à-ï]${NEXT}${NEXT}){2}`, // Chinese, Japanese, Korean, scripts of India
  ].join("|"),
  "u",
);

/** In the order of the report. */
const PATTERNS: readonly (readonly [DamageKind, RegExp])[] = [
  ["mojibake", MOJIBAKE],
  ["replacement-character", /\ufffd/u],
  ["lone-surrogate", /\p{Cs}/u],
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  ["control-character", /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u],
  ["byte-order-mark", /\ufeff/u],
  ["html-entity", /&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[\da-f]{1,6});/iu],
];

/** Every kind of damage, in the order of the report. */
export const DAMAGE_KINDS: readonly DamageKind[] = PATTERNS.map(([kind]) => kind);

/** Most texts have nothing that any pattern could begin with. */
const SUSPICIOUS = /[^\t\n\r\u0020-\u0025\u0027-\u007e]/;

/** Each kind of damage in a text, with the position of its first occurrence. */
export function damageIn(text: string): { readonly kind: DamageKind; readonly at: number }[] {
  if (!SUSPICIOUS.test(text)) return [];
  return PATTERNS.map(([kind, pattern]) => ({ kind, at: text.search(pattern) })).filter(({ at }) => at >= 0);
}

/** Whether a text has no visible character: spaces, control and format characters at most. */
export function isBlank(text: string): boolean {
  return /^[\s\p{Z}\p{Cc}\p{Cf}]*$/u.test(text);
}
