import { othersRole, type Report } from './report.ts'
import type { Line, Plot } from './svg-plot.ts'

/** Which figures of a run are drawn, in this order; those without data are left out. */
export function plotsOf(report: Report): Plot[] {
  const { series, processes, startedAtMs } = report
  const x = series.timesMs.map((at) => at - startedAtMs)
  const line = (name: string, metric: string, aggregate: string, times = 1): Line => ({
    name,
    x,
    y: (series.metrics[metric]?.[aggregate] ?? []).map((value) => (value === null ? null : value * times)),
  })
  const rates = (...those: [name: string, metric: string][]) =>
    those.map(([name, metric]) => line(name, metric, 'rate'))
  const latency = (title: string, metric: string): Plot => ({
    title,
    unit: 'milliseconds',
    lines: [line('p50', metric, 'med'), line('p95', metric, 'p(95)'), line('p99', metric, 'p(99)')],
  })
  const ofProcesses = (pick: (role: string) => number[]) =>
    Object.keys(processes).map((role) => ({
      name: role,
      x: (processes[role]?.timesMs ?? []).map((at) => at - startedAtMs),
      y: pick(role),
      ...(role === othersRole && { isBackground: true }),
    }))
  const plots: Plot[] = [
    {
      title: 'Messages',
      unit: 'a second',
      lines: rates(
        ['sent', 'messages_sent'],
        ['acknowledged', 'messages_acked'],
        ['delivered', 'messages_delivered'],
      ),
    },
    latency('Delivery, end to end', 'delivery_latency'),
    latency('Time to acknowledgement', 'time_to_ack'),
    { title: 'Connections', unit: 'open', lines: [{ name: 'open', x, y: openSockets(report) }] },
    latency('Time to connect', 'connect_time'),
    latency('Time to be back after a loss', 'reconnect_time'),
    latency('Presence: from a change to the first who is told', 'presence_lag'),
    latency('Presence: the same, of connections lost without a word', 'presence_loss_lag'),
    latency('Voice: from sending to being stored', 'voice_stored_time'),
    latency('HTTP requests', 'http_req_duration'),
    { title: 'What went wrong', unit: 'a second', lines: faultLines(report, line) },
    { title: 'CPU', unit: '% of one core', lines: ofProcesses((role) => processes[role]?.cpuPercent ?? []) },
    {
      title: 'Memory',
      unit: 'MB',
      lines: ofProcesses((role) => (processes[role]?.memoryBytes ?? []).map((bytes) => bytes / 1e6)),
    },
    {
      title: "k6's own delay (above some seconds, connections are lost for its sake)",
      unit: 'milliseconds',
      lines: [line('p50', 'k6_lag', 'med'), line('longest', 'k6_lag', 'max')],
    },
  ]
  const marks = report.marks.map(({ atMs, text }) => ({ x: atMs - startedAtMs, text }))
  return plots.map((plot) => ({ ...plot, marks }))
}

/** Every counter that must stay at zero, if it did not. */
function faultLines(
  { thresholds, metrics }: Report,
  line: (name: string, metric: string, aggregate: string) => Line,
): Line[] {
  const names = thresholds
    .filter(({ metric, expression }) => expression === 'count==0' && (metrics[metric]?.count ?? 0) > 0)
    .map(({ metric }) => metric)
  return names.map((name) => line(name, name, 'rate'))
}

function openSockets({ series }: Report): (number | null)[] {
  const opened = series.metrics.sockets_opened?.count ?? []
  const closed = series.metrics.sockets_closed?.count ?? []
  let open = 0
  return opened.map((value, i) => {
    open += (value ?? 0) - (closed[i] ?? 0)
    return open
  })
}
