import { isOfK6 } from '../lib/run/summary.ts'
import { rankZ } from './rank-test.ts'
import { othersRole, peakBytes, type Report } from './report.ts'

export interface Difference {
  what: string
  a: number
  b: number
  /** `b` to `a`; null when `a` is 0. */
  ratio: number | null
  /** `same`: within what one run differs from the next. */
  change: 'better' | 'worse' | 'same'
}

export interface Comparison {
  scenario: string
  differences: Difference[]
  /** Why the two may not be comparable. */
  notes: string[]
}

/** Where one run has a value a second, both a change of this size … */
const leastRatio = 1.1
/** … and so sure a difference of the seconds' values (z of a rank test) count as more than noise. */
const leastZ = 3
const leastSeconds = 8
/** Where there is one value a run: CPU, memory, short latencies. */
const leastRatioAlone = 1.25
/** A trend of fewer values says little of its upper end. */
const leastCount = 20
const trends = ['med', 'p(95)', 'p(99)'] as const
/** Not of the server, or a part of another one. */
const isCompared = (name: string) => name === 'http_req_duration' || (name !== 'k6_lag' && !isOfK6(name))

/** What of `b` is better or worse than of `a`. Pure. */
export function compare(a: Report, b: Report): Comparison {
  const differences = [...faults(a, b), ...latencies(a, b), ...knee(a, b), ...processes(a, b)]
  return { scenario: b.scenario, differences, notes: notesOn(a, b) }
}

/** Counters that must be zero: one more is worse, whatever the noise. */
function faults(a: Report, b: Report): Difference[] {
  const names = new Set(
    [...a.thresholds, ...b.thresholds]
      .filter(({ expression }) => expression === 'count==0')
      .map(({ metric }) => metric),
  )
  return [...names].flatMap((name) => {
    const [was, is] = [a.metrics[name]?.count ?? 0, b.metrics[name]?.count ?? 0]
    return was === 0 && is === 0 ? [] : [difference(name, was, is, was !== is)]
  })
}

function latencies(a: Report, b: Report): Difference[] {
  const isQuiet = ![a, b].some(wasHeldUp)
  return Object.keys(b.metrics).flatMap((name) => {
    const [was, is] = [a.metrics[name], b.metrics[name]]
    if (!isCompared(name) || was?.['p(95)'] === undefined || is?.['p(95)'] === undefined) return []
    if (Math.min(was.count ?? 0, is.count ?? 0) < leastCount) return []
    return trends.map((aggregate) => {
      const [x, y] = [was[aggregate] ?? 0, is[aggregate] ?? 0]
      return difference(
        `${name} ${aggregate}`,
        x,
        y,
        isQuiet && isSure(x, y, seconds(a, name, aggregate), seconds(b, name, aggregate)),
      )
    })
  })
}

/** Reports of earlier versions do not tell. */
function wasHeldUp({ heldUp }: Report): boolean {
  return (heldUp ?? []).length > 0
}

/** More messages a second before something breaks is better: the one figure that is told upside down. */
function knee(a: Report, b: Report): Difference[] {
  const [was, is] = [a.metrics.knee_rate?.min, b.metrics.knee_rate?.min]
  if (was === undefined || is === undefined) return []
  const { change, ...rest } = difference('knee_rate', was, is, beyond(was, is, leastRatioAlone))
  return [{ ...rest, change: change === 'same' ? 'same' : is > was ? 'better' : 'worse' }]
}

/** CPU for each thing done, so that runs of different length compare; memory as it is. */
function processes(a: Report, b: Report): Difference[] {
  return Object.keys(b.processes).flatMap((role) => {
    const [was, is] = [a.processes[role], b.processes[role]]
    if (!was || !is || role === 'k6' || role === othersRole) return []
    const cpu = [(was.cpuSeconds * 1e6) / work(a), (is.cpuSeconds * 1e6) / work(b)] as const
    const memory = [peakBytes(was) / 1e6, peakBytes(is) / 1e6] as const
    return [
      difference(`${role} CPU, µs for each ${workOf(b)[0]}`, ...cpu, beyond(...cpu, leastRatioAlone)),
      difference(`${role} memory at most, MB`, ...memory, beyond(...memory, leastRatioAlone)),
    ]
  })
}

/** What a run's CPU is divided by. */
function workOf({ metrics, durationSeconds }: Report): [name: string, amount: number] {
  const delivered = metrics.messages_delivered?.count ?? 0
  if (delivered > 0) return ['delivery', delivered]
  return ['second', durationSeconds]
}

function work(report: Report): number {
  return workOf(report)[1]
}

function seconds({ series }: Report, metric: string, aggregate: string): number[] {
  return (series.metrics[metric]?.[aggregate] ?? []).filter((value) => value !== null)
}

function isSure(was: number, is: number, a: readonly number[], b: readonly number[]): boolean {
  if (Math.min(a.length, b.length) < leastSeconds) return beyond(was, is, leastRatioAlone)
  const z = rankZ(a, b)
  return beyond(was, is, leastRatio) && Math.abs(z) >= leastZ && Math.sign(z) === Math.sign(is - was)
}

function beyond(was: number, is: number, ratio: number): boolean {
  return Math.max(was, is) > Math.min(was, is) * ratio
}

function difference(what: string, a: number, b: number, counts: boolean): Difference {
  const change = !counts || a === b ? 'same' : b > a ? 'worse' : 'better'
  return { what, a, b, ratio: a === 0 ? null : b / a, change }
}

function notesOn(a: Report, b: Report): string[] {
  const notes: string[] = []
  for (const [name, report] of Object.entries({ A: a, B: b })) {
    if (report.outcome !== 'passed') notes.push(`${name} is ${report.outcome}.`)
    if (wasHeldUp(report)) notes.push(`${name} was held up: of its latencies nothing is said.`)
  }
  for (const name of new Set([...Object.keys(a.settings), ...Object.keys(b.settings)])) {
    const [was, is] = [a.settings[name], b.settings[name]]
    if (was !== is) notes.push(`${name} is ${was ?? 'not set'} in A and ${is ?? 'not set'} in B.`)
  }
  if (a.machine.cores !== b.machine.cores || a.machine.memoryBytes !== b.machine.memoryBytes)
    notes.push('They ran on different machines.')
  const loads = [a.machine.loadBefore, b.machine.loadBefore]
  if (Math.abs((loads[0] ?? 0) - (loads[1] ?? 0)) > a.machine.cores / 2)
    notes.push(
      `Others used the machine: load average ${loads.map((load) => load.toFixed(1)).join(' before A, ')} before B.`,
    )
  return notes
}
