/**
 * What everything that is shown in a notebook is wrapped in: one element with its own style, no scripts, nothing
 * loaded.
 */
import { escapeHtml } from "../data/inspect/escape-html";

/**
 * Tables name the class twice, to come before what Jupyter's pages say of theirs. Colours are the page's own, or mixed
 * from them, so that they fit light and dark pages.
 */
const STYLE = `
.torchwright { --dim: color-mix(in srgb, currentColor 72%, transparent); --line: rgba(128, 128, 128, .35); --raised: rgba(128, 128, 128, .1); --blue: rgba(59, 130, 196, .3); color: inherit; font: 13px/1.45 system-ui, sans-serif; max-width: 64rem; }
.torchwright h3 { font-size: 1.1em; font-weight: 600; margin: .2em 0 .5em; overflow-wrap: anywhere; }
.torchwright h3 small { font-weight: 400; color: var(--dim); margin-left: .6em; }
.torchwright h3:not(:first-of-type), .torchwright h4, .torchwright .charts h3 { font-size: 1em; font-weight: 600; margin: 1.1em 0 .3em; }
.torchwright p { margin: .3em 0; max-width: 52rem; }
.torchwright pre { margin: .3em 0; font: 12px/1.4 ui-monospace, monospace; background: none; color: inherit; overflow-x: auto; }
.torchwright ul { margin: .3em 0; }
.torchwright .dim, .torchwright caption, .torchwright figcaption, .torchwright dt, .torchwright small { color: var(--dim); }
.torchwright figure { margin: .5em 0 .8em; }
.torchwright svg { display: block; max-width: 100%; height: auto; }
.torchwright .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 1.5rem; align-items: start; }
.torchwright .wide { overflow-x: auto; margin: .3em 0 .8em; }
.torchwright .wide > svg { max-width: none; }
.torchwright dl { margin: .5em 0; }
.torchwright dl dt, .torchwright dl dd { float: none; clear: none; width: auto; margin: 0; padding: 0; font-weight: 400; }
.torchwright dl dd { font-variant-numeric: tabular-nums; }
.torchwright .numbers { columns: 16rem; column-gap: 2rem; }
.torchwright .numbers > div { break-inside: avoid; display: flex; justify-content: space-between; gap: 1rem; padding: .1em 0; border-bottom: 1px solid var(--line); }
.torchwright.torchwright table { border-collapse: collapse; margin: 0; color: inherit; background: none; font-size: 1em; table-layout: auto; }
.torchwright tr, .torchwright tbody tr:nth-child(n), .torchwright tbody tr:nth-child(n):hover { background: none; }
.torchwright caption { text-align: left; padding: .2em 0; caption-side: top; }
.torchwright.torchwright table th, .torchwright.torchwright table td { padding: .2em .9em .2em 0; text-align: left; vertical-align: top; border: 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; max-width: 44rem; white-space: normal; }
.torchwright.torchwright table th { font-weight: 600; white-space: nowrap; }
.torchwright.torchwright table th.number, .torchwright.torchwright table td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.torchwright.torchwright table.confusion th, .torchwright.torchwright table.confusion td, .torchwright.torchwright table.tensor td { padding: .25em .55em; }
.torchwright.torchwright table.confusion th { font-weight: 400; white-space: normal; min-width: 4.5rem; max-width: 11rem; }
.torchwright.torchwright table.confusion thead th { vertical-align: bottom; text-align: right; }
.torchwright.torchwright table.confusion td.number { border: 1px solid var(--line); }
.torchwright.torchwright table.confusion td.none { color: var(--dim); }
.torchwright.torchwright table.tensor td { text-align: right; font: 12px/1.4 ui-monospace, monospace; border: 1px solid var(--line); white-space: nowrap; }
.torchwright.torchwright table.tensor td.gap { border: 0; text-align: center; color: var(--dim); }
.torchwright .bar { display: inline-block; min-width: 6rem; padding: 0 .25rem; background: linear-gradient(to right, var(--blue) var(--share), transparent var(--share)); }
.torchwright .words { font-size: 15px; line-height: 1.9; max-width: 46rem; }
.torchwright .words span { padding: .12em .1em; border-radius: 3px; }
`.trim();

/** The whole element: a heading, which is text, above HTML that was made of escaped text. */
export function element(heading: string, body: string): string {
  return `<div class="torchwright"><style>${STYLE}</style><h3>${escapeHtml(heading)}</h3>${body}</div>`;
}

/** Tables, lists and charts under their titles. */
export function titled(title: string, html: string): string {
  return `<h4>${escapeHtml(title)}</h4>${html}`;
}
