/** The report's style sheet: one calm column, light and dark, for screens and for paper. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1f2328; --quiet: #57606a; --line: #d8dde3; --tint: #f5f7f9; --accent: #0b5c8a;
  --error: #b42318; --warning: #8a5300; --info: #33658a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191d; --ink: #e6e8ea; --quiet: #a3abb4; --line: #353b42; --tint: #1e2329; --accent: #7cc0ea;
    --error: #ff9c92; --warning: #f0b867; --info: #9cc7e6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
.page { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1, h2, h3 { line-height: 1.25; font-weight: 600; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 2rem; margin: 0 0 .35rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; margin: 3.25rem 0 .9rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.08rem; margin: 2.1rem 0 .5rem; }
p, ul { max-width: 46rem; }
p { margin: .5rem 0; }
ul { padding-left: 1.2rem; }
li { margin: .3rem 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.remarks code { white-space: nowrap; }
code { font: .88em ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.kicker { color: var(--quiet); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; margin: 0 0 .4rem; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.6rem; margin: .6rem 0 0; padding: 0; color: var(--quiet); font-size: .9rem; }
.facts div { display: flex; gap: .4rem; }
.facts dt { font-weight: 400; }
.facts dd { margin: 0; color: var(--ink); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.banner { border-left: 4px solid var(--warning); background: var(--tint); padding: .6rem .9rem; margin: 1.2rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: 1.4rem 0 0; max-width: none; font-size: .92rem; }
nav li { margin: 0; }
.summary { background: var(--tint); border-radius: 8px; padding: 1.1rem 1.4rem 1.2rem; margin-top: 1.8rem; }
.summary h2 { border: 0; padding: 0; margin: 0 0 .5rem; }
.summary ul { margin: .6rem 0; }
.chip {
  display: inline-block; font-size: .75rem; font-weight: 500; line-height: 1.4; padding: 0 .5em; border: 1px solid var(--line);
  border-radius: 1em; color: var(--quiet); white-space: nowrap; vertical-align: .08em;
}
figure { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: 1.2rem 1.5rem; align-items: flex-start; margin: 1rem 0; }
figure.plot { max-width: 100%; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.2rem; max-width: 100%; }
figure.plot svg { display: block; color: var(--ink); max-width: 100%; height: auto; min-width: min(100%, 280px); }
figure.plot .paper { fill: none; }
figcaption, .note { color: var(--quiet); font-size: .86rem; line-height: 1.45; max-width: 46rem; overflow-wrap: anywhere; }
figure.plot figcaption { contain: inline-size; margin-top: .2rem; }
.scroll { overflow-x: auto; }
figure.table { margin: 1.2rem 0 1.6rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums lining-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 .4rem; }
th, td { padding: .34rem .8rem .34rem 0; text-align: left; vertical-align: baseline; font-weight: 400; }
th:not(:first-child), td { padding-left: .8rem; }
thead th { color: var(--quiet); font-size: .84rem; border-bottom: 1.5px solid var(--ink); vertical-align: bottom; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th[scope="row"] { min-width: 8.5rem; max-width: 22rem; overflow-wrap: anywhere; }
tr.heading th { padding-top: .75rem; font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
th.number { white-space: normal; min-width: 3.2rem; }
thead .number { text-align: right; }
.note { margin: .45rem 0 0; }
.value { overflow-wrap: anywhere; }
details { margin: .6rem 0; }
summary { cursor: pointer; }
.guideline tbody th[scope="row"] { min-width: 2.5rem; }
.guideline th, .guideline td { vertical-align: top; font-size: .86rem; }
.guideline td:last-child { min-width: 18rem; }
.count { color: var(--quiet); }
.severity { font-size: .8rem; font-weight: 600; }
.severity.error { color: var(--error); }
.severity.warning { color: var(--warning); }
.severity.info { color: var(--info); }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); gap: 1.1rem; margin: 1.2rem 0; }
.pictures img { display: block; width: 100%; height: auto; background: #000; border-radius: 4px; }
.pictures figcaption { margin-top: .3rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .86rem; }
@media (max-width: 40rem) {
  .page { padding: 1.4rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .summary { padding: .9rem 1rem; }
  .pictures { grid-template-columns: 1fr 1fr; gap: .8rem; }
  figure.plot svg.wide { max-width: none; width: 500px; }
  th, td { padding-right: .5rem; }
  th:not(:first-child), td { padding-left: .5rem; }
}
@media print {
  @page { margin: 16mm 14mm; }
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #111111; --quiet: #444444; --line: #cccccc; --tint: #f5f5f5; --accent: #111111;
    --error: #b42318; --warning: #8a5300; --info: #33658a;
  }
  body { font-size: 10pt; }
  .page { max-width: none; padding: 0; }
  nav { display: none; }
  .scroll { overflow: visible; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, .summary { break-inside: avoid; }
  figure.table { break-inside: auto; }
  .endpoint figure.table { break-inside: avoid; }
  h3 + p { break-after: avoid; }
  thead { display: table-header-group; }
  table { font-size: 8.5pt; }
}
`;
