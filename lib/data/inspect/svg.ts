/** Parts of charts that reports, searches and notebooks draw: complete in themselves, readable on light and on dark. */
import { escapeHtml } from "./escape-html";
import type { Axis } from "./layout";

/** Pixels across; pages scale charts down to what there is room for. */
export const WIDTH = 640;
/** On white and on black alike their contrast is 4 to 1. */
export const BLUE = "#3b82c4";
export const ORANGE = "#b96b18";

/** A chart; colours are attributes, as viewers that take styles out of notebooks leave these. */
export function svg(title: string, height: number, drawn: readonly string[], width = WIDTH): string {
  return `<svg role="img" aria-label="${escapeHtml(title)}" fill="currentColor" font-size="12" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${drawn.join("")}</svg>`;
}

/** Maps an axis to pixels; what lies outside goes to its end, and what is the same everywhere to the middle. */
export function scale(
  { low, high, log }: Pick<Axis, "low" | "high" | "log">,
  from: number,
  to: number,
): (value: number) => number {
  const along = log ? Math.log : Number;
  const length = along(high) - along(low);
  return (value) => {
    const share = length > 0 ? (along(value) - along(low)) / length : 0.5;
    return round(from + Math.min(1, Math.max(0, share)) * (to - from));
  };
}

/** At most so many letters, with `…` where it was cut. */
export function shorten(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, Math.max(0, most - 1)).join("")}…` : text;
}

/** Pixels to hundredths. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
