/**
 * A report as HTML for a notebook: one element with its own style, no scripts, nothing loaded. Colours are the page's
 * own but for the bars, which show on light and on dark.
 */
import { escapeHtml } from "./escape-html";
import type { Bar, Block, Column, Point, Section } from "./layout";
import { BLUE, ORANGE, round, scale, shorten, svg, WIDTH } from "./svg";

const STYLE = `
.torchwright-inspection { color: inherit; font: 13px/1.45 system-ui, sans-serif; max-width: 60rem; }
.torchwright-inspection h3 { font-size: 1.15em; font-weight: 600; margin: 0 0 .5em; }
.torchwright-inspection h4 { font-size: 1em; font-weight: 600; margin: 1.2em 0 .3em; }
.torchwright-inspection table { border-collapse: collapse; margin: .3em 0 .8em; color: inherit; background: none; }
.torchwright-inspection caption { text-align: left; opacity: .8; padding: .2em 0; }
.torchwright-inspection tr, .torchwright-inspection tbody tr:nth-child(n) { background: none; }
.torchwright-inspection.torchwright-inspection table th, .torchwright-inspection.torchwright-inspection table td { padding: .15em .7em .15em 0; text-align: left; vertical-align: top; border-bottom: 1px solid rgba(128, 128, 128, .35); overflow-wrap: anywhere; }
.torchwright-inspection.torchwright-inspection table .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.torchwright-inspection figure { margin: .3em 0 .8em; }
.torchwright-inspection figcaption { opacity: .8; }
.torchwright-inspection svg { display: block; max-width: 100%; height: auto; }
`.trim();

/** The whole element. */
export function renderHtml(heading: string, sections: readonly Section[]): string {
  const body = sections.map(
    ({ title, blocks }) => `<section><h4>${escapeHtml(title)}</h4>${blocks.map(renderBlock).join("")}</section>`,
  );
  return `<div class="torchwright-inspection"><style>${STYLE}</style><h3>${escapeHtml(heading)}</h3>${body.join("")}</div>`;
}

/** One table, list or chart, whose style is the page's. */
export function renderBlock(block: Block): string {
  switch (block.kind) {
    case "sentences":
      return `<ul>${block.sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("")}</ul>`;
    case "table":
      return renderTable(block.title, block.columns, block.rows);
    case "bars":
      return figure(block.title, horizontalBars(block.title, block.bars));
    case "histogram":
      return figure(block.title, verticalBars(block.title, block.bars));
    case "scatter":
      return figure(block.title, scatter(block));
  }
}

function renderTable(
  title: string | undefined,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const kind = (at: number): string => (columns[at]?.numeric === true ? ' class="number"' : "");
  const head = columns.map((column, at) => `<th scope="col"${kind(at)}>${escapeHtml(column.title)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell, at) => `<td${kind(at)}>${escapeHtml(cell)}</td>`).join("")}</tr>`)
    .join("");
  const caption = title === undefined ? "" : `<caption>${escapeHtml(title)}</caption>`;
  return `<table>${caption}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function figure(title: string, svg: string): string {
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${svg}</figure>`;
}

/** Sizes in pixels of a chart; names longer than a column has room for are cut, and whole in the bar's title. */
const LINE = 20;
const NAMES = { width: 200, letters: 30 };
const VALUES = 140;
const HEIGHT = 140;
const WIDEST = 60;

function horizontalBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const room = WIDTH - NAMES.width - VALUES;
  const drawn = bars.map(({ name, value, text }, at) => {
    const y = at * LINE;
    const length = round((value / most) * room);
    const shown = shorten(name, NAMES.letters);
    return (
      `<g><title>${escapeHtml(`${name}: ${text}`)}</title><text x="${NAMES.width - 8}" y="${y + 14}" text-anchor="end">${escapeHtml(shown)}</text>` +
      `<rect x="${NAMES.width}" y="${y + 3}" width="${length}" height="${LINE - 6}" fill="${BLUE}"></rect>` +
      `<text x="${round(NAMES.width + length + 6)}" y="${y + 14}">${escapeHtml(text)}</text></g>`
    );
  });
  return svg(title, bars.length * LINE, drawn);
}

function verticalBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const step = Math.min(WIDEST, WIDTH / bars.length);
  const drawn = bars.map(({ name, value, text }, at) => {
    const height = round((value / most) * HEIGHT);
    const label =
      at % Math.ceil(bars.length / 8) === 0
        ? `<text x="${round(step * (at + 0.5))}" y="${HEIGHT + 16}" text-anchor="middle">${escapeHtml(name)}</text>`
        : "";
    return `<g><title>${escapeHtml(`${name}: ${text}`)}</title><rect x="${round(step * at + 1)}" y="${round(HEIGHT - height)}" width="${round(step - 2)}" height="${height}" fill="${BLUE}"></rect>${label}</g>`;
  });
  return svg(title, HEIGHT + LINE, drawn);
}

/** Where the points of a chart lie, in pixels. */
const PLOT = { left: 64, right: WIDTH - 24, top: 8, bottom: 168 };
/** Of a small letter. */
const LETTER = 7;

function scatter({ title, x, y, points }: Extract<Block, { kind: "scatter" }>): string {
  const [across, up] = [scale(x, PLOT.left, PLOT.right), scale(y, PLOT.bottom, PLOT.top)];
  const room = Math.floor((PLOT.right - PLOT.left) / x.ticks.length / LETTER);
  const frame = `<path d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}" fill="none" stroke="currentColor" stroke-opacity=".5"></path>`;
  const columns = x.ticks.map(
    ({ at, text }) =>
      `<text x="${across(at)}" y="${PLOT.bottom + 16}" text-anchor="middle">${escapeHtml(shorten(text, room))}</text>`,
  );
  const rows = y.ticks.map(
    ({ at, text }) => `<text x="${PLOT.left - 6}" y="${up(at) + 4}" text-anchor="end">${escapeHtml(text)}</text>`,
  );
  // The best lies on top.
  const drawn = points
    .toSorted((a, b) => Number(a.mark === "best") - Number(b.mark === "best"))
    .map((point) => circle(point, across(point.x), up(point.y)));
  return svg(title, PLOT.bottom + LINE + 4, [frame, ...columns, ...rows, ...drawn]);
}

function circle({ text, mark }: Point, x: number, y: number): string {
  const colour = mark === "best" ? ORANGE : BLUE;
  const look =
    mark === "hollow"
      ? `fill="none" stroke="${colour}"`
      : `fill="${colour}" fill-opacity="${mark === "best" ? 1 : 0.7}"`;
  return `<circle cx="${x}" cy="${y}" r="${mark === "best" ? 6 : 4}" ${look}><title>${escapeHtml(text)}</title></circle>`;
}
