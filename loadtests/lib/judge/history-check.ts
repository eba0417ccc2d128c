import type { Fault } from './faults.ts'
import type { Heard, Stream } from './stream.ts'

type Report = (fault: Fault, detail: string) => void

/** What was acknowledged is in the history, once, by ascending `seq`. */
export function checkHistory(stream: Stream, messages: readonly Heard[], report: Report): void {
  const times = new Map<string, number>()
  let last = 0
  for (const { id, seq } of messages) {
    if (id !== undefined) times.set(id, (times.get(id) ?? 0) + 1)
    if (seq <= last) report('misnumbered', `${stream.name}: seq ${seq} follows ${last} in the history`)
    last = seq
  }
  for (const { id, outcome } of stream.sent) {
    const found = times.get(id) ?? 0
    if (found === 0 && outcome === 'acked') report('lost', `${id} was acknowledged and is not in the history`)
    if (found > 1) report('doubled', `${id} is ${found} times in the history`)
    if (found > 0 && outcome === 'refused') report('altered', `${id} was refused and is in the history`)
  }
}

/**
 * `seq` is dense, and agrees with the order in which one sender's messages went out. Messages whose fate is not known
 * may stand in the holes.
 */
export function checkNumbering(stream: Stream, report: Report): void {
  const seqs = [...stream.bySeq.keys()]
  const highest = seqs.reduce((a, b) => Math.max(a, b), 0)
  const holes = highest - seqs.length
  const unknown = stream.sent.filter(({ seq }) => seq === undefined).length
  for (let i = unknown; i < holes; i++) report('misnumbered', `${stream.name}: a hole below seq ${highest}`)
  const last = new Map<string, number>()
  for (const { id, sender, seq, attempts } of stream.sent) {
    if (seq === undefined || attempts > 1) continue
    const before = last.get(sender) ?? 0
    if (seq < before) report('misnumbered', `${id} has seq ${seq}, an earlier one of its sender ${before}`)
    else last.set(sender, seq)
  }
}
