/** An explanation for a notebook: the text with its words in colours, and the words that say most. */
import { escapeHtml } from "../data/inspect/escape-html";
import { significant } from "../data/inspect/numbers";
import { round } from "../data/inspect/svg";
import type { Explanation } from "../predict/explanation";
import { explanationHeading, type MarkedPart, markedParts, strongestWords } from "../predict/explanation-text";
import { type Cell, richTable } from "../train/report/sections/html";
import { element } from "./element";

/** Red, green, blue of what speaks for the label and against it. */
const FOR = "59,130,196";
const AGAINST = "217,119,6";
/** Words in the chart. */
const LISTED = 8;

export function explanationHtml(explanation: Explanation): string {
  const strongest = strongestWords(explanation, LISTED);
  const most = Math.abs(strongest[0]?.attribution ?? 0);
  const rows = strongest.map(({ text, attribution }): Cell[] => [
    text,
    `${attribution > 0 ? "+" : ""}${significant(attribution)}`,
    { html: bar(attribution / most) },
  ]);
  return element(
    explanationHeading(explanation),
    [
      `<p class="words" dir="auto">${markedParts(explanation).map(part).join("")}</p>`,
      `<p class="dim">${key(FOR, "speaks for it")} ${key(AGAINST, "speaks against it")}</p>`,
      ...(rows.length > 0
        ? [
            richTable(
              "The words that say most",
              [{ title: "word" }, { title: "attribution", numeric: true }, { title: "" }],
              rows,
            ),
          ]
        : []),
    ].join(""),
  );
}

function bar(share: number): string {
  return `<span style="display:inline-block;height:.75em;width:${round(12 * Math.abs(share))}em;background:rgba(${share > 0 ? FOR : AGAINST},.65)"></span>`;
}

function part({ text, share, attribution = 0 }: MarkedPart): string {
  if (share === undefined) return " ";
  return `<span style="background:rgba(${share > 0 ? FOR : AGAINST},${round(0.65 * Math.abs(share))})" title="${escapeHtml(significant(attribution))}">${escapeHtml(text)}</span>`;
}

function key(colour: string, meaning: string): string {
  return `<span style="background:rgba(${colour},.5);padding:0 .5em">&nbsp;</span> ${escapeHtml(meaning)}`;
}
