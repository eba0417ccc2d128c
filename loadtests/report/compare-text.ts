import { table } from '../lib/run/table.ts'
import type { Comparison, Difference } from './compare.ts'

const signs: Record<Difference['change'], string> = { better: '+ better', worse: '- WORSE', same: '' }
const heading = ['', 'A', 'B', 'B / A', '']

/** For the screen: what changed first, then everything with its ratio. */
export function comparisonText(comparisons: readonly Comparison[]): string {
  return comparisons
    .map(({ scenario, differences, notes }) => {
      const parts = [`${scenario}: ${verdict(differences)}`, table([heading, ...rows(differences)])]
      if (notes.length > 0) parts.push(`Mind: ${notes.join(' ')}`)
      return `\n${parts.join('\n\n')}\n`
    })
    .join('\n')
}

/** The same for a CI server's summary. */
export function comparisonMarkdown(comparisons: readonly Comparison[]): string {
  return comparisons
    .map(({ scenario, differences, notes }) => {
      const lines = [heading, heading.map(() => '---'), ...rows(differences)].map(
        (row) => `| ${row.join(' | ')} |`,
      )
      return `### ${scenario}: ${verdict(differences)}\n\n${lines.join('\n')}\n\n${notes.join(' ')}\n`
    })
    .join('\n')
}

function verdict(differences: readonly Difference[]): string {
  const count = (change: Difference['change']) => differences.filter((one) => one.change === change).length
  const [worse, better] = [count('worse'), count('better')]
  return worse + better === 0 ? 'nothing beyond noise' : `${worse} worse, ${better} better`
}

function rows(differences: readonly Difference[]): string[][] {
  const order = { worse: 0, better: 1, same: 2 }
  return [...differences]
    .sort((a, b) => order[a.change] - order[b.change])
    .map(({ what, a, b, ratio, change }) => [
      what,
      number(a),
      number(b),
      ratio === null ? '' : ratio.toFixed(2),
      signs[change],
    ])
}

function number(value: number): string {
  return Math.abs(value) < 10 ? String(Math.round(value * 100) / 100) : String(Math.round(value))
}
