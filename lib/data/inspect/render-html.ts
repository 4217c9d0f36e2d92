/**
 * A report as HTML for a notebook: one element with its own style, no scripts, nothing loaded. Colours are the page's own
 * but for the bars, which show on light and on dark.
 */
import { printable } from "./excerpt";
import type { Bar, Block, Column, Section } from "./layout";

const STYLE = `
.torchwright-inspection { color: inherit; font: 13px/1.45 system-ui, sans-serif; max-width: 60rem; }
.torchwright-inspection h3 { font-size: 1.15em; margin: 0 0 .5em; }
.torchwright-inspection h4 { font-size: 1em; margin: 1.2em 0 .3em; }
.torchwright-inspection table { border-collapse: collapse; margin: .3em 0 .8em; color: inherit; background: none; }
.torchwright-inspection caption { text-align: left; opacity: .8; padding: .2em 0; }
.torchwright-inspection tr { background: none; }
.torchwright-inspection th, .torchwright-inspection td { padding: .15em .7em .15em 0; text-align: left; vertical-align: top; border-bottom: 1px solid rgba(128, 128, 128, .35); overflow-wrap: anywhere; }
.torchwright-inspection .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.torchwright-inspection figure { margin: .3em 0 .8em; }
.torchwright-inspection figcaption { opacity: .8; }
.torchwright-inspection svg { display: block; max-width: 100%; height: auto; }
`.trim();

/** The whole element. */
export function renderHtml(heading: string, sections: readonly Section[]): string {
  const body = sections.map(({ title, blocks }) => `<section><h4>${escape(title)}</h4>${blocks.map(renderBlock).join("")}</section>`);
  return `<div class="torchwright-inspection"><style>${STYLE}</style><h3>${escape(heading)}</h3>${body.join("")}</div>`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "sentences":
      return `<ul>${block.sentences.map((sentence) => `<li>${escape(sentence)}</li>`).join("")}</ul>`;
    case "table":
      return renderTable(block.title, block.columns, block.rows);
    case "bars":
      return figure(block.title, horizontalBars(block.title, block.bars));
    case "histogram":
      return figure(block.title, verticalBars(block.title, block.bars));
  }
}

function renderTable(title: string | undefined, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const kind = (at: number): string => (columns[at]?.numeric === true ? ' class="number"' : "");
  const head = columns.map((column, at) => `<th scope="col"${kind(at)}>${escape(column.title)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, at) => `<td${kind(at)}>${escape(cell)}</td>`).join("")}</tr>`).join("");
  const caption = title === undefined ? "" : `<caption>${escape(title)}</caption>`;
  return `<table>${caption}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function figure(title: string, svg: string): string {
  return `<figure><figcaption>${escape(title)}</figcaption>${svg}</figure>`;
}

/** Sizes in pixels of a chart; names longer than a column has room for are cut, and whole in the bar's title. */
const WIDTH = 640;
const LINE = 20;
const NAMES = { width: 200, letters: 30 };
const VALUES = 140;
const HEIGHT = 140;
const WIDEST = 60;
/** On white and on black alike its contrast is about 4 to 1. */
const BAR = "#3b82c4";

function horizontalBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const room = WIDTH - NAMES.width - VALUES;
  const drawn = bars.map(({ name, value, text }, at) => {
    const y = at * LINE;
    const length = round((value / most) * room);
    const letters = [...name];
    const shown = letters.length > NAMES.letters ? `${letters.slice(0, NAMES.letters - 1).join("")}…` : name;
    return (
      `<g><title>${escape(`${name}: ${text}`)}</title><text x="${NAMES.width - 8}" y="${y + 14}" text-anchor="end">${escape(shown)}</text>` +
      `<rect x="${NAMES.width}" y="${y + 3}" width="${length}" height="${LINE - 6}" fill="${BAR}"></rect>` +
      `<text x="${round(NAMES.width + length + 6)}" y="${y + 14}">${escape(text)}</text></g>`
    );
  });
  return svg(title, bars.length * LINE, drawn);
}

function verticalBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const step = Math.min(WIDEST, WIDTH / bars.length);
  const drawn = bars.map(({ name, value, text }, at) => {
    const height = round((value / most) * HEIGHT);
    const label = at % Math.ceil(bars.length / 8) === 0 ? `<text x="${round(step * (at + 0.5))}" y="${HEIGHT + 16}" text-anchor="middle">${escape(name)}</text>` : "";
    return `<g><title>${escape(`${name}: ${text}`)}</title><rect x="${round(step * at + 1)}" y="${round(HEIGHT - height)}" width="${round(step - 2)}" height="${height}" fill="${BAR}"></rect>${label}</g>`;
  });
  return svg(title, HEIGHT + LINE, drawn);
}

function svg(title: string, height: number, drawn: readonly string[]): string {
  // Colours as attributes: viewers that take styles out of notebooks leave these.
  return `<svg role="img" aria-label="${escape(title)}" fill="currentColor" font-size="12" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">${drawn.join("")}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for between tags and in quoted attributes. */
function escape(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
