import { limit, nodes } from './env.ts'

export type Thresholds = Record<string, string[]>

/** None of these may happen at all. */
export function never(...counters: string[]): Thresholds {
  return Object.fromEntries(counters.map((name) => [name, ['count==0']]))
}

/** What no run may show, whatever is broken on purpose in it. */
export const alwaysRight = never(
  'lost',
  'doubled',
  'reordered',
  'leaked',
  'altered',
  'misnumbered',
  'refused',
  'unanswered',
  'history_failures',
)

/** What no run may show in which nothing is broken on purpose. */
export const noFaults: Thresholds = {
  ...alwaysRight,
  ...never('missed_live', 'connect_failures', 'connections_lost'),
}

/** Milliseconds within which 95 of 100 are connected; 99 of 100 in twice that. */
export function connectThreshold(): Thresholds {
  return within('connect_time', limit('CONNECT_MS', 5_000, { loose: 30_000 }))
}

/**
 * How soon people are connected, have a message, and know that it is sent: 95 of 100 within it, 99 of 100 within twice that.
 * @param tightMs for messages, when LIMITS=tight and LATENCY_MS is not set
 */
export function latencyThresholds(tightMs: number): Thresholds {
  const ms = limit('LATENCY_MS', tightMs, { loose: Math.max(30_000, tightMs * 6) })
  return { ...connectThreshold(), ...within('delivery_latency', ms), ...within('time_to_ack', ms) }
}

function within(trend: string, ms: number): Thresholds {
  return { [trend]: [`p(95)<${ms}`, `p(99)<${2 * ms}`] }
}

export function pairsThreshold(): Thresholds {
  return nodes > 1 ? { pairs_across_nodes: ['rate==1'] } : {}
}
