/** What a row is to reach, and what it did in this run: a line of the table that docs/performance.md has. */
export interface Goal {
  /** What is judged. */
  what: string
  /** What it is measured against, with its figure in this run. */
  against: string
  toReach: string
  figure: string
  isReached: boolean
  /** The least that the same could cost on this machine, and how many times that it is. */
  floor: string
}

/** What bare programs need for the same: no more than the socket's bytes, no more than the document's insertion. */
export interface Floor {
  /** How it was made. */
  of: string
  value: number
}

/**
 * A goal that is a multiple of a figure of the same run, and how far the floor is.
 * @param most how many times it may be; with `least` instead: must be
 */
export function ratioGoal(options: {
  what: string
  /** Of what is compared; `value` in the unit. */
  against: Floor
  unit: string
  digits?: number
  value: number
  most?: number
  least?: number
  floor: Floor | undefined
}): Goal {
  const { what, against, unit, digits = 0, value, most, least = 0, floor } = options
  // Noise of a tiny run may be less than nothing.
  const times = against.value > 0 ? value / against.value : Number.NaN
  const show = (figure: number) => `${figure.toFixed(digits)} ${unit}`
  return {
    what,
    against: `${against.of} ${show(against.value)}`,
    toReach: most === undefined ? `≥ ${least} ×` : `≤ ${most} ×`,
    figure: `${times.toFixed(2)} × (${show(value)})`,
    isReached: times >= least && times <= (most ?? Infinity),
    floor: floor ? floorCell(floor, value, show) : '',
  }
}

/** Pure. */
export function floorCell(floor: Floor, value: number, show: (figure: number) => string): string {
  // Of rates the floor is a ceiling: how far it is, is told the same way round.
  const [more, fewer] = value > floor.value ? [value, floor.value] : [floor.value, value]
  return `${floor.of} ${show(floor.value)}: ${(more / fewer).toFixed(1)} × away`
}

export interface Judged extends Goal {
  row: string
}

const heading = ['row', 'what', 'against', 'to reach', 'figure', 'reached', 'floor']

/** All that was judged, as a table. Pure. */
export function goalTable(judged: readonly Judged[]): { heading: string[]; lines: string[][] } {
  return {
    heading,
    lines: judged.map(({ row, what, against, toReach, figure, isReached, floor }) => [
      row,
      what,
      against,
      toReach,
      figure,
      isReached ? 'yes' : 'no',
      floor,
    ]),
  }
}

/** The same as docs/performance.md has it. Pure. */
export function goalMarkdown(judged: readonly Judged[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const { lines } = goalTable(judged)
  const cells = lines.map(([row, what, against, toReach, figure, reached, floor]) => [
    `\`${row}\``,
    what ?? '',
    against ?? '',
    toReach ?? '',
    figure ?? '',
    reached === 'yes' ? 'yes' : '**no**',
    floor ?? '',
  ])
  return [line(heading), line(heading.map(() => '---')), ...cells.map(line)].join('\n')
}
