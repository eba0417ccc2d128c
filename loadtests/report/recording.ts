/** What k6 has measured over a run: for each metric its aggregates, one value a moment (null: nothing happened). */
export interface Series {
  /** Milliseconds since 1970. */
  timesMs: number[]
  /** By metric, then by aggregate: `count` and `rate` of counters; `med`, `p(95)`, `p(99)`, `max` of trends; `value` of gauges. */
  metrics: Record<string, Record<string, (number | null)[]>>
}

type Event =
  | { event: 'param'; data: { aggregates: Record<string, string[]> } }
  | { event: 'metric'; data: Record<string, { type: string }> }
  | { event: 'snapshot'; data: number[][] }
  | { event: 'start' | 'cumulative' | 'threshold' | 'stop'; data: unknown }

const clock = 'time'

/**
 * Reads what k6's dashboard records (`K6_WEB_DASHBOARD_RECORD`): JSON lines, in which a snapshot holds the figures of one
 * period in the order of the names known by then.
 * @throws {Error} when it is no such recording
 */
export function readRecording(text: string): Series {
  const series: Series = { timesMs: [], metrics: {} }
  const types = new Map<string, string>()
  let aggregates: Record<string, string[]> = {}
  for (const line of text.split('\n')) {
    // The last line of a k6 that was killed.
    if (!line.endsWith('}')) continue
    const { event, data } = JSON.parse(line) as Event
    if (event === 'param') aggregates = data.aggregates
    else if (event === 'metric') for (const [name, { type }] of Object.entries(data)) types.set(name, type)
    else if (event === 'snapshot') addSnapshot(series, data, types, aggregates)
  }
  if (Object.keys(aggregates).length === 0) throw new Error("this is no recording of k6's dashboard")
  return series
}

function addSnapshot(
  { timesMs, metrics }: Series,
  data: number[][],
  types: ReadonlyMap<string, string>,
  aggregates: Record<string, string[]>,
): void {
  const names = [...types.keys()].sort()
  const at = data[names.indexOf(clock)]?.[0]
  // A metric that is made while the snapshot is: without its name the others' places are not known.
  if (names.length !== data.length || at === undefined) return
  const place = timesMs.push(at) - 1
  for (const [i, name] of names.entries()) {
    if (name === clock) continue
    for (const [j, aggregate] of (aggregates[types.get(name) ?? ''] ?? []).entries()) {
      const values = valuesOf(metrics, name, aggregate)
      while (values.length < place) values.push(null)
      values.push(data[i]?.[j] ?? null)
    }
  }
}

function valuesOf(metrics: Series['metrics'], name: string, aggregate: string): (number | null)[] {
  const ofMetric = metrics[name] ?? {}
  metrics[name] = ofMetric
  const values = ofMetric[aggregate] ?? []
  ofMetric[aggregate] = values
  return values
}
