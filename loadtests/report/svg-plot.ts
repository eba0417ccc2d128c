/** Lines over time as inline SVG, with nothing but what the page itself brings. Pure. */

export interface Line {
  name: string
  /** Milliseconds from the run's start, ascending. */
  x: readonly number[]
  y: readonly (number | null)[]
  /** Drawn behind the others' colours, in grey. */
  isBackground?: boolean
}

export interface Plot {
  title: string
  unit: string
  lines: readonly Line[]
  /** Milliseconds from the run's start, and what happened. */
  marks?: readonly { x: number; text: string }[]
}

const width = 640
const height = 200
const left = 52
const right = 8
const top = 8
const bottom = 22
/** Of one line; a longer run shows the highest of each stretch. */
const mostPoints = 400
/** As many as the page's style has. */
const colours = 10

/** A figure: the drawing, its legend, and its values as data for the page's script. */
export function figure({ title, unit, lines, marks = [] }: Plot): string {
  const shown = lines.map(thinned).filter(({ y }) => y.some((value) => value !== null))
  if (shown.length === 0) return ''
  const endX = Math.max(1, ...lines.map(({ x }) => x.at(-1) ?? 0))
  const { step, most } = scale(Math.max(...shown.flatMap(({ y }) => y.map((value) => value ?? 0))))
  const atX = (x: number) => round(left + (x / endX) * (width - left - right))
  const atY = (y: number) => round(height - bottom - (y / most) * (height - top - bottom))
  const grid = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step).map(
    (y) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${atY(y)}" y2="${atY(y)}"/>` +
      `<text x="${left - 6}" y="${atY(y) + 4}" text-anchor="end">${short(y)}</text>`,
  )
  const seconds = scale(endX / 2_000)
  const times = Array.from(
    { length: Math.floor(endX / 1_000 / seconds.step) + 1 },
    (_, i) => i * seconds.step,
  ).map((s) => `<text x="${atX(s * 1_000)}" y="${height - 6}" text-anchor="middle">${short(s)} s</text>`)
  const happened = marks.map(
    ({ x, text }) =>
      `<line class="mark" x1="${atX(x)}" x2="${atX(x)}" y1="${top}" y2="${height - bottom}"><title>${escaped(text)}</title></line>`,
  )
  const drawn = shown.map((line, i) => `<g class="${colour(line, i)}">${drawing(line, atX, atY)}</g>`)
  const legend = shown.map(
    (line, i) => `<li class="${colour(line, i)}">${escaped(line.name)} <output></output></li>`,
  )
  const data = escaped(
    JSON.stringify({ left, right, width, endX, unit, lines: shown.map(({ x, y }) => ({ x, y })) }),
  )
  return `<figure data-plot="${data}"><figcaption>${escaped(title)} <small>${escaped(unit)}</small></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${[...grid, ...times, ...happened, ...drawn].join('')}<line class="cursor" y1="${top}" y2="${height - bottom}" visibility="hidden"/></svg>
<ul>${legend.join('')}</ul></figure>`
}

/** Steps of 1, 2 or 5 times a power of ten, of which about four reach the highest value. */
export function scale(highest: number): { step: number; most: number } {
  const rough = Math.max(highest, 1e-3) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power
  return { step, most: Math.ceil(Math.max(highest, 1e-3) / step - 1e-9) * step }
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

function colour({ isBackground }: Line, i: number): string {
  return isBackground ? 'background' : `l${i % colours}`
}

function thinned(line: Line): Line {
  const { x, y } = line
  const per = Math.ceil(x.length / mostPoints)
  if (per <= 1) return line
  const starts = Array.from({ length: Math.ceil(x.length / per) }, (_, i) => i * per)
  const highest = (from: number) =>
    y.slice(from, from + per).reduce((a, b) => (a === null ? b : b === null ? a : Math.max(a, b)), null)
  return { ...line, x: starts.map((from) => x[from] ?? 0), y: starts.map(highest) }
}

/** A value without neighbours is a dot. */
function drawing({ x, y }: Line, atX: (x: number) => number, atY: (y: number) => number): string {
  const isThere = (i: number) => typeof y[i] === 'number'
  let lines = ''
  let dots = ''
  for (const [i, value] of y.entries()) {
    if (value === null) continue
    const point = `${atX(x[i] ?? 0)} ${atY(value)}`
    if (isThere(i - 1)) lines += `L${point}`
    else if (isThere(i + 1)) lines += `M${point}`
    else dots += `M${point}h0`
  }
  return `<path d="${lines}"/>${dots === '' ? '' : `<path class="dots" d="${dots}"/>`}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function short(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)}M`
  if (value >= 1e4) return `${round(value / 1e3)}k`
  return String(Math.round(value * 1e3) / 1e3)
}
