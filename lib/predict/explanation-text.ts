/** An explanation as marked text: for `console.log` and a prompt, and what a notebook's page is made of as well. */
import { cutTo, displayWidth } from "../data/inspect/display-width";
import { printable } from "../data/inspect/excerpt";
import { significant } from "../data/inspect/numbers";
import type { InspectOptionsGiven, Reading } from "../data/inspect/prints-as";
import type { Explanation, WordAttribution } from "./explanation";

/** Columns that every terminal has. */
const WIDTH = 80;
/** Words that are listed with their numbers. */
const LISTED = 5;

/** A word or what stands between two. */
export interface MarkedPart {
  readonly text: string;
  /** Attribution of the word as a share of the strongest one's, −1 to 1; undefined between words. */
  readonly share?: number;
  readonly attribution?: number;
}

/**
 * The text in its parts, whose spaces are single ones: an explanation knows where words stand, not what lies between
 * them.
 */
export function markedParts({ words }: Explanation): MarkedPart[] {
  const strongest = Math.max(...words.map(({ attribution }) => Math.abs(attribution)), Number.MIN_VALUE);
  let end = words[0]?.start ?? 0;
  return words
    .toSorted((a, b) => a.start - b.start)
    .flatMap(({ text, start, end: next, attribution }) => {
      const gap = start > end ? [{ text: " " }] : [];
      end = next;
      return [...gap, { text, share: attribution / strongest, attribution }];
    });
}

/** `"good" scores 5.21, an empty text 0.32; the words add up to the difference`. */
export function explanationHeading({ label, score, baselineScore, converged, convergenceDelta }: Explanation): string {
  const sum = converged
    ? "the words add up to the difference"
    : `the words are off by ${significant(convergenceDelta)}, take more steps`;
  return `${JSON.stringify(label)} scores ${significant(score)}, an empty text ${significant(baselineScore)}; ${sum}`;
}

/** The words that say most, for and against. */
export function strongestWords({ words }: Explanation, most = LISTED): WordAttribution[] {
  return words.toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution)).slice(0, most);
}

/** For `util.inspect`: colours where the terminal has them, signs elsewhere. */
export function explanationReading(explanation: Explanation): Reading {
  const heading = cutTo(printable(explanationHeading(explanation)), WIDTH);
  return {
    short: () => heading,
    whole: ({ colors = false }: InspectOptionsGiven) => {
      const legend = colors ? "green speaks for it, red against" : "++ and + speak for it, -- and - against";
      const strongest = strongestWords(explanation).map(
        ({ text, attribution }) => `${printable(text)} ${attribution > 0 ? "+" : ""}${significant(attribution)}`,
      );
      return [
        heading,
        "",
        ...lines(markedParts(explanation), colors),
        "",
        legend,
        cutTo(`strongest: ${strongest.join(", ")}`, WIDTH),
      ].join("\n");
    },
  };
}

/** From these shares on a word is marked, and marked twice. */
const WEAK = 0.2;
const STRONG = 0.5;

function lines(parts: readonly MarkedPart[], colors: boolean): string[] {
  const all: string[] = [];
  let [line, width, gap] = ["  ", 2, ""];
  for (const { text, share } of parts) {
    if (share === undefined) {
      gap = " ";
      continue;
    }
    const plain = printable(text);
    const marked = mark(plain, share, colors);
    const columns = displayWidth(colors ? plain : marked);
    if (width + gap.length + columns > WIDTH && width > 2) {
      all.push(line);
      [line, width, gap] = ["  ", 2, ""];
    }
    line += gap + marked;
    width += gap.length + columns;
    gap = "";
  }
  return [...all, line];
}

function mark(text: string, share: number, colors: boolean): string {
  const size = Math.abs(share);
  if (size < WEAK) return text;
  if (!colors) {
    const sign = (share > 0 ? "+" : "-").repeat(size >= STRONG ? 2 : 1);
    return sign + text + sign;
  }
  const colour = share > 0 ? "\u001b[32m" : "\u001b[31m";
  return `${size >= STRONG ? "\u001b[1m" : ""}${colour}${text}\u001b[0m`;
}
