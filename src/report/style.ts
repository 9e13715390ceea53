import { Html } from './html.js'

/** One column, system fonts, light; on paper nothing breaks inside a figure or a table row. */
export const style = new Html(`
:root { color-scheme: light; }
body { margin: 2rem auto; max-width: 980px; padding: 0 1rem; color: #1c1c1c; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p, figcaption { max-width: 72ch; }
.lead { font-size: 1.05rem; }
.lead li { margin: .2rem 0; }
small { color: #5c5c5c; font-size: .82em; font-weight: normal; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
thead th { border-bottom: 2px solid #1c1c1c; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.results td:first-child small { display: block; margin-left: 1.35rem; }
.results tr.negative td { background: #fdf0ef; }
.settings th { width: 11rem; font-weight: 600; }
.settings td { overflow-wrap: anywhere; }
mark { background: #d8f0e2; color: #12593a; border-radius: 3px; padding: 0 .3em; font-size: .78em; }
.good { color: #12693f; font-weight: 600; }
.bad { color: #a5211a; font-weight: 600; }
.warnings { background: #fff7e0; border-left: 4px solid #d99a00; padding: .6rem 1rem; margin: 1.2rem 0; }
.warnings ul { margin: .3rem 0 0; padding-left: 1.2rem; }
.swatch { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .5rem; vertical-align: -1px; }
.legend { margin: .3rem 0; font-size: .88rem; max-width: none; }
.legend span { white-space: nowrap; }
.legend > span { margin-right: 1.1rem; }
.legend b { font-weight: normal; }
figure { margin: .6rem 0; }
svg { max-width: 100%; height: auto; font-size: 12px; overflow: visible; }
.scatters { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: .6rem 1.2rem; }
.scatters figure { margin: 0; }
footer { margin-top: 3rem; color: #5c5c5c; font-size: .85rem; }
@media print {
  @page { margin: 14mm; }
  :root { font-size: 9pt; }
  body { margin: 0; padding: 0; max-width: none; font-size: 1rem; }
  h2 { margin-top: 1.4rem; break-after: avoid; }
  section:has(svg), tr, .warnings, .scatters figure { break-inside: avoid; }
  section > p { break-after: avoid; }
  .results td:first-child, .results td:last-child { min-width: 13rem; }
  .scatters { grid-template-columns: repeat(4, 1fr); }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}`)
