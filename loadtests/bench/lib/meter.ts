import { setTimeout as wait } from 'node:timers/promises'
import { type CpuTimes, parts, type Servers } from './servers.ts'

/** What one operation costs, on average over those that were measured. */
export interface Cost {
  /** CPU time of each part of the cluster, microseconds. */
  parts: CpuTimes
  /** Of all of them, microseconds. */
  cpuUs: number
  /** From asking to having, milliseconds. */
  ms: number
}

/** What the parts of a cluster use when nobody asks anything of it: microseconds of CPU time a millisecond. */
export type Rest = CpuTimes

export async function measureRest(servers: Servers, forMs: number): Promise<Rest> {
  return (await measure(servers, forMs, () => wait(forMs))).parts
}

/** The cost of operations alone, without what the servers did anyway meanwhile. Pure. */
export function minusRest(cost: Cost, rest: Rest): Cost {
  const each = Object.fromEntries(
    parts.map((part) => [part, cost.parts[part] - rest[part] * cost.ms]),
  ) as CpuTimes
  return { ...cost, parts: each, cpuUs: parts.reduce((sum, part) => sum + each[part], 0) }
}

/** Measures `count` operations which `work` does; what the servers do beside them in that time is counted too. */
export async function measure(servers: Servers, count: number, work: () => Promise<void>): Promise<Cost> {
  const before = servers.cpu()
  const startedAt = performance.now()
  await work()
  const elapsedMs = performance.now() - startedAt
  const after = servers.cpu()
  const each = Object.fromEntries(
    parts.map((part) => [part, (after[part] - before[part]) / count]),
  ) as CpuTimes
  return { parts: each, cpuUs: parts.reduce((sum, part) => sum + each[part], 0), ms: elapsedMs / count }
}
