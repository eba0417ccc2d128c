import { nodes } from './env.ts'

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

export function pairsThreshold(): Thresholds {
  return nodes > 1 ? { pairs_across_nodes: ['rate==1'] } : {}
}
