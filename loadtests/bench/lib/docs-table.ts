import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../infra/settings.ts'
import { circumstances, type Measured } from './figures.ts'
import { goalMarkdown } from './goal.ts'

export const docsFile = 'docs/performance.md'
const [begin, end] = ['<!-- figures: make bench ROW=docs -->', '<!-- end of figures -->']

/** Puts what each row came to the last time into the documentation. */
export function writeDocs(measured: readonly Measured[]): void {
  const path = join(ROOT, docsFile)
  writeFileSync(path, withFigures(readFileSync(path, 'utf8'), measured))
}

/**
 * The page with its table replaced. Pure.
 * @throws {Error} when it has no place for it
 */
export function withFigures(page: string, measured: readonly Measured[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${docsFile} has no place for the figures`)
  const table = goalMarkdown(measured.flatMap(({ judged }) => judged))
  const figures = [table, ...circumstances(measured)].join('\n\n')
  return `${page.slice(0, from + begin.length)}\n${figures}\n${page.slice(to)}`
}
