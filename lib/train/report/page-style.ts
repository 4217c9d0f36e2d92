/** How a report's page looks: on light and on dark, on narrow screens and on paper. */

const LIGHT = "--paper:#ffffff;--ink:#1c2128;--dim:#59626d;--line:#d5dae0;--raised:#f4f6f8;--blue:rgba(59,130,196,.28)";
const DARK = "--paper:#14181d;--ink:#e4e8ed;--dim:#a0aab5;--line:#343c46;--raised:#1d232a;--blue:rgba(59,130,196,.5)";

export const PAGE_STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 3rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere; }
nav a { color: inherit; margin-right: 1rem; white-space: nowrap; }
.dim, caption, figcaption, dt, small { color: var(--dim); }
small { font-size: .85em; }
dl { margin: .8rem 0; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .75rem; }
.tiles > div { background: var(--raised); border-radius: 6px; padding: .5rem .75rem; }
.tiles dt { font-size: .85em; }
.tiles dd { font-size: 1.25rem; overflow-wrap: anywhere; }
.numbers { columns: 17rem; column-gap: 2rem; }
.numbers > div { break-inside: avoid; display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0; border-bottom: 1px solid var(--line); }
.numbers dd { text-align: right; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 0 1.5rem; }
figure { margin: .8rem 0; break-inside: avoid; }
figcaption, caption { font-size: .9em; }
svg { display: block; max-width: 100%; height: auto; font-family: inherit; }
.wide { overflow-x: auto; margin: .5rem 0; }
.wide > svg { max-width: none; }
table { border-collapse: collapse; font-size: .92em; min-width: min(100%, 30rem); }
caption { text-align: start; padding: .2rem 0; }
th, td { padding: .25rem .9rem .25rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; max-width: 34rem; }
td:not(.number) { min-width: 6rem; }
th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.confusion { min-width: 0; font-size: .85em; }
.confusion td { min-width: 0; }
.confusion th, .confusion td { padding: .3rem .5rem; }
.confusion th { font-weight: 400; min-width: 5.5rem; max-width: 12rem; overflow-wrap: break-word; }
.confusion thead th { vertical-align: bottom; text-align: right; }
.confusion td.number { border: 1px solid var(--line); }
.confusion td.none { color: var(--dim); }
.place { min-width: 9rem; }
.bar { display: inline-block; min-width: 6rem; padding: 0 .25rem; background: linear-gradient(to right, var(--blue) var(--share), transparent var(--share)); }
summary { cursor: pointer; }
@media print {
  :root { color-scheme: light; ${LIGHT} }
  body { max-width: none; padding: 0; font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  .wide { overflow: visible; }
  .wide > svg { max-width: 100%; }
}
`.trim();
