/** How many columns of a terminal a text takes, and texts fitted to columns. */

/**
 * Characters that take two columns: those of Chinese, Japanese and Korean, full-width forms, emoji (Unicode, East Asian
 * Width).
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Marks that stand on the character before, and characters that do not show. */
const NONE = /[\p{M}\p{Cf}]/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** Columns of a text without control characters. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** The text in at most so many columns, with `…` where it was cut. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 1;
  let cut = "";
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    cut += character;
  }
  return columns > 0 ? `${cut}…` : "";
}

/** The text with spaces up to a width, before it for numbers. */
export function padTo(text: string, columns: number, before: boolean): string {
  const spaces = " ".repeat(Math.max(0, columns - displayWidth(text)));
  return before ? spaces + text : text + spaces;
}

function widthOf(character: string): number {
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
