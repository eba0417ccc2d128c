import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from '../../../infra/settings.ts'
import type { Table } from './row.ts'

/** As V8 writes it (Chrome DevTools Protocol, `Profiler.Profile`). */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  /** Microseconds, of each sample. */
  timeDeltas: number[]
}

/** V8 counts waiting as a function of its own. */
const waiting = '(idle)'
const shownPlaces = 14
const shownFunctions = 20

/** What of Earshot's is profiled, each in a folder of its own. */
export const profiled = ['gateways', 'worker'] as const
export type Profiled = (typeof profiled)[number]

/** `PROFILE=<folder>`: where each program of Earshot's writes, when it ends, what V8 sampled of it from its start on. */
export function profileFolder(of: Profiled): string | undefined {
  return process.env.PROFILE ? join(resolve(ROOT, process.env.PROFILE), of) : undefined
}

/** `NODE_OPTIONS` of one that writes into this folder, beside others. */
export function profiling(folder: string, others = ''): string {
  return `${others} --cpu-prof --cpu-prof-dir=${folder}`.trim()
}

/** Where the time of all went of which there are profiles. */
export function profileTables(): Table[] {
  return profiled.flatMap((of) => {
    const folder = profileFolder(of)
    return folder && existsSync(folder) ? tablesOf(of, folder) : []
  })
}

function tablesOf(of: Profiled, folder: string): Table[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const all = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile)
  const share = (title: string, shown: number, times: Map<string, number>): Table => {
    const sum = [...times.values()].reduce((total, us) => total + us, 0)
    const lines = [...times].toSorted(([, a], [, b]) => b - a).slice(0, shown)
    return {
      heading: [`${of}: ${title}`, '% of their time'],
      lines: lines.map(([name, us]) => [name, ((us / sum) * 100).toFixed(1)]),
      notes: [`Own time in ${files.length} profiles, from start to end, waiting left out.`],
    }
  }
  return [
    share('where', shownPlaces, selfTimes(all, placeOf)),
    share(
      'function',
      shownFunctions,
      selfTimes(all, (frame) => `${frame.functionName} ${placeOf(frame)}`),
    ),
  ]
}

type Frame = CpuProfile['nodes'][number]['callFrame']

/** Microseconds in functions themselves, by what they are called, without waiting. Pure. */
export function selfTimes(
  profiles: readonly CpuProfile[],
  nameOf: (frame: Frame) => string,
): Map<string, number> {
  const times = new Map<string, number>()
  for (const { nodes, samples, timeDeltas } of profiles) {
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
    for (const [i, id] of samples.entries()) {
      const frame = frames.get(id)
      if (!frame || frame.functionName === waiting) continue
      const name = nameOf(frame)
      times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0))
    }
  }
  return times
}

/** A package, a file of ours, Node itself, or what V8 does beside functions. Pure. */
export function placeOf({ url, functionName }: Frame): string {
  const [, inPackages] = url.split('/node_modules/').slice(-2)
  if (inPackages)
    return inPackages
      .split('/')
      .slice(0, inPackages.startsWith('@') ? 2 : 1)
      .join('/')
  if (url.startsWith('node:')) return 'Node'
  if (url) return url.replace(`file://${ROOT}/`, '')
  return functionName.startsWith('(') ? functionName : 'native'
}
