/** Style and script of the page, inline so that it is one file. Light or dark as the reader's system is. */

export const pageStyle = `
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --good: #2e7d32; --unsure: #b26a00 }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 1360px; margin: 2rem auto; padding: 0 1rem }
h1 b { font-size: .6em; padding: .1em .5em; border-radius: .3em; color: #fff; background: var(--bad); vertical-align: middle }
h1 b.passed { background: var(--good) } h1 b.invalid { background: var(--unsure) }
table { border-collapse: collapse } th, td { padding: .15em 1em .15em 0; text-align: left; font-variant-numeric: tabular-nums }
th { font-weight: 600; border-bottom: 1px solid var(--line) } tr.failed td { color: var(--bad); font-weight: 600 }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 560px), 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { font-weight: 600 } small { font-weight: 400; opacity: .7 }
figure ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2em 1.2em; margin: 0; padding: 0 }
figure li::before { content: ''; display: inline-block; width: 1em; height: .25em; margin-right: .4em; vertical-align: middle; background: var(--c) }
svg { width: 100%; overflow: visible } svg text { font-size: 11px; fill: currentColor; opacity: .7 }
svg path { fill: none; stroke: var(--c); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round }
svg path.dots { stroke-width: 5 } .grid { stroke: var(--line) } .mark { stroke: var(--bad); stroke-dasharray: 4 3; stroke-width: 1.5 } .cursor { stroke: currentColor; opacity: .4 }
.l0 { --c: #1f77b4 } .l1 { --c: #e6862a } .l2 { --c: #d03a3a } .l3 { --c: #2a9d52 }
.l4 { --c: #8a63c9 } .l5 { --c: #8c6d5a } .l6 { --c: #d96bb8 } .l7 { --c: #8a8f3c }
.l8 { --c: #17a2b0 } .l9 { --c: #b8405e } .background { --c: #999 }
td.number, th.number { text-align: right }
pre, .note { border-left: 3px solid var(--line); padding-left: 1em }
`

/** Shows every line's value at the moment under the pointer, in all plots at once. */
export const pageScript = `
const figures = [...document.querySelectorAll('figure')].map((figure) => ({
  svg: figure.querySelector('svg'),
  cursor: figure.querySelector('.cursor'),
  outputs: [...figure.querySelectorAll('output')],
  plot: JSON.parse(figure.dataset.plot),
}))
function show(share) {
  for (const { cursor, outputs, plot } of figures) {
    const at = plot.left + share * (plot.width - plot.left - plot.right)
    cursor.setAttribute('visibility', share < 0 ? 'hidden' : 'visible')
    cursor.setAttribute('x1', at)
    cursor.setAttribute('x2', at)
    plot.lines.forEach(({ x, y }, i) => {
      const after = x.findIndex((ms) => ms >= share * plot.endX)
      const value = share < 0 ? null : y[after]
      outputs[i].textContent = value == null ? '' : (Math.round(value * 10) / 10).toLocaleString('en')
    })
  }
}
for (const { svg, plot } of figures) {
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * plot.width
    show(Math.min(1, Math.max(0, (x - plot.left) / (plot.width - plot.left - plot.right))))
  })
  svg.addEventListener('pointerleave', () => show(-1))
}
`
