import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Comparison, compare } from '../../loadtests/report/compare.ts'
import { comparisonMarkdown, comparisonText } from '../../loadtests/report/compare-text.ts'
import type { Report } from '../../loadtests/report/report.ts'
import { type Settings, statePaths } from '../settings.ts'
import { Failure, messageOf } from '../system/failure.ts'

const suffix = '.report.json'
const WORSE = 1

/**
 * `make loadtest-compare A=… B=…`: what of run B is better or worse than of run A. Each is a `.report.json`, or a folder with
 * several of them, of which those that both have are compared. Gives 1 when something is worse.
 */
export async function loadtestCompare(settings: Settings): Promise<number> {
  const [a, b] = [reportsOf('A'), reportsOf('B')]
  const pairs = [...b].flatMap(([scenario, of]) => {
    const before = a.get(scenario)
    return before ? [compare(before, of)] : []
  })
  if (pairs.length === 0)
    throw new Failure(
      `A has ${[...a.keys()].join(', ')}, B has ${[...b.keys()].join(', ')}: no scenario in common.`,
    )
  process.stdout.write(`${comparisonText(pairs)}\n`)
  const folder = join(statePaths(settings.stateDir).loadtest, 'comparisons')
  process.stdout.write(`Written to ${write(folder, pairs)}.{json,md}\n`)
  return pairs.some(({ differences }) => differences.some(({ change }) => change === 'worse')) ? WORSE : 0
}

function reportsOf(name: 'A' | 'B'): Map<string, Report> {
  const given = process.env[name]
  if (!given)
    throw new Failure(`${name} is not set: make loadtest-compare A=<report or folder> B=<report or folder>.`)
  const path = resolve(given)
  if (!existsSync(path)) throw new Failure(`${name} is "${given}", which is not there.`)
  const isFolder = statSync(path).isDirectory()
  const files = isFolder ? readdirSync(path).filter((file) => file.endsWith(suffix)) : ['']
  if (files.length === 0) throw new Failure(`${name} is "${given}", in which there is no *${suffix}.`)
  return new Map(files.map((file) => reportIn(name, join(path, file))))
}

function reportIn(name: string, path: string): [scenario: string, report: Report] {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8')) as Report
    if (typeof report.scenario !== 'string' || !Array.isArray(report.series?.timesMs))
      throw new Error('no report')
    return [report.scenario, report]
  } catch (error) {
    throw new Failure(`${name}: ${path} is no report of a load test (${messageOf(error)}).`)
  }
}

function write(folder: string, pairs: readonly Comparison[]): string {
  mkdirSync(folder, { recursive: true })
  const names = [process.env.A, process.env.B].map((path = '') => basename(resolve(path), suffix))
  const path = join(folder, names.join('-to-'))
  writeFileSync(`${path}.json`, `${JSON.stringify(pairs, null, 2)}\n`)
  writeFileSync(`${path}.md`, comparisonMarkdown(pairs))
  return path
}
