import type { Talked, TalkKind } from './crowd/orders.ts'
import type { Cost } from './meter.ts'
import { median, percentile, range } from './stats.ts'

/** One measurement of one contestant. */
export interface Sample {
  /** The contestant's. */
  name: string
  kind: TalkKind
  cost: Cost
  talked: Talked
}

/** What the samples of a contestant come to: medians over its rounds. */
export interface Summary {
  name: string
  cpuUs: number
  /** Lowest and highest of a round. */
  between: [number, number]
  gatewaysUs: number
  workerUs: number
  redisUs: number
  databaseUs: number
  perSecond: number
  elapsedMs: number
  p50Ms: number
  p99Ms: number
}

/** Pure. */
export function summary(name: string, samples: readonly Sample[]): Summary {
  const own = samples.filter((sample) => sample.name === name)
  const middle = (of: (sample: Sample) => number) => median(own.map(of))
  return {
    name,
    cpuUs: middle(({ cost }) => cost.cpuUs),
    between: range(own.map(({ cost }) => cost.cpuUs)),
    gatewaysUs: middle(({ cost }) => cost.parts.gateways),
    workerUs: middle(({ cost }) => cost.parts.worker),
    redisUs: middle(({ cost }) => cost.parts.redis),
    databaseUs: middle(({ cost }) => cost.parts.database),
    perSecond: middle(({ talked }) => (talked.sent * 1_000) / talked.elapsedMs),
    elapsedMs: middle(({ talked }) => talked.elapsedMs),
    p50Ms: middle(({ talked }) => percentile(talked.latenciesMs, 50)),
    p99Ms: middle(({ talked }) => percentile(talked.latenciesMs, 99)),
  }
}

export const costHeading = ['gateways', 'worker', 'Redis', 'database', 'all', 'lowest … highest']

/** Under `costHeading`: microseconds. Pure. */
export function costCells(one: Summary): string[] {
  const { gatewaysUs, workerUs, redisUs, databaseUs, cpuUs, between } = one
  return [
    ...[gatewaysUs, workerUs, redisUs, databaseUs, cpuUs].map((us) => us.toFixed(0)),
    between.map((us) => us.toFixed(0)).join(' … '),
  ]
}

/** Pure. */
export function ratio(value: number, to: number | undefined): string {
  return to === undefined || to === 0 ? '' : (value / to).toFixed(2)
}

/** @throws {Error} when a message was lost, doubled or altered: a figure of such a round is none */
export function checkWhole({ sent, acked, delivered, doubled, altered }: Talked, deliveries = sent): void {
  if (acked === sent && delivered === deliveries && doubled === 0 && altered === 0) return
  throw new Error(
    `of ${sent} messages ${acked} were acknowledged, ${delivered} of ${deliveries} deliveries made, ${doubled} twice, ${altered} altered`,
  )
}
