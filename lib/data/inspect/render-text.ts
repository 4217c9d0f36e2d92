/** A report for a terminal: aligned columns, never wider than asked for. */
import { cutTo, displayWidth, padTo } from "./display-width";
import { printable } from "./excerpt";
import type { Bar, Block, Column, Section } from "./layout";

/** Columns between two cells. */
const GAP = 2;
/** The narrowest that a column of text is made, and the longest bar. */
const NARROWEST = 6;
const LONGEST_BAR = 30;

/** Lines of at most `width` columns, 40 or more. */
export function renderText(heading: string, sections: readonly Section[], width: number): string {
  const parts = sections.map(({ title, blocks }) =>
    [title, ...blocks.map((block) => indent(renderBlock(block, width - 2)))].join("\n"),
  );
  // Whatever no column could give way to is cut: a line that wraps breaks every column.
  return [heading, ...parts]
    .join("\n\n")
    .split("\n")
    .map((line) => cutTo(line, width).trimEnd())
    .join("\n");
}

function renderBlock(block: Block, width: number): string[] {
  switch (block.kind) {
    case "sentences":
      return block.sentences.flatMap((sentence) => wrap(printable(sentence), width));
    case "table":
      return [
        ...(block.title === undefined ? [] : [printable(block.title)]),
        ...renderTable(block.columns, block.rows, width),
      ];
    case "bars":
    case "histogram":
      return [printable(block.title), ...renderBars(block.bars, width)];
    case "scatter":
      return []; // for pictures only
  }
}

function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const cells = [columns.map(({ title }) => printable(title)), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => displayWidth(row[at] ?? ""))));
  shrink(columns, widths, width - GAP * (columns.length - 1));
  return cells.map((row) =>
    columns
      .map(({ numeric }, at) => padTo(cutTo(row[at] ?? "", widths[at] as number), widths[at] as number, numeric))
      .join(" ".repeat(GAP)),
  );
}

/** Takes from the widest column of text until the sum fits or none can give more. */
function shrink(columns: readonly Column[], widths: number[], room: number): void {
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over--) {
    let widest = -1;
    for (const [at, { numeric }] of columns.entries()) {
      if (
        !numeric &&
        (widths[at] as number) > NARROWEST &&
        (widest < 0 || (widths[at] as number) > (widths[widest] as number))
      ) {
        widest = at;
      }
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

function renderBars(bars: readonly Bar[], width: number): string[] {
  const most = Math.max(...bars.map(({ value }) => value));
  const texts = Math.max(...bars.map((bar) => displayWidth(bar.text)));
  const names = Math.min(
    Math.max(...bars.map((bar) => displayWidth(printable(bar.name)))),
    Math.max(NARROWEST, width - texts - 2 * GAP - 10),
  );
  const longest = Math.min(LONGEST_BAR, width - names - texts - 2 * GAP);
  return bars.map(({ name, value, text }) => {
    const length = most > 0 ? Math.max(value > 0 ? 1 : 0, Math.round((value / most) * longest)) : 0;
    return [
      padTo(cutTo(printable(name), names), names, false),
      padTo(text, texts, true),
      "█".repeat(Math.max(0, length)),
    ].join(" ".repeat(GAP));
  });
}

/** Lines broken at spaces; the second and later ones are indented. */
function wrap(sentence: string, width: number): string[] {
  const lines: string[] = [];
  let line = "-";
  for (const word of sentence.split(" ")) {
    if (displayWidth(line) + 1 + displayWidth(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = `  ${word}`;
    }
  }
  return [...lines, line];
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
