import type { Entry } from './record.ts'
import type { Evidence } from './verify/evidence.ts'
import type { Violation } from './verify/violation.ts'

const shownOfAKind = 3
const linesOfAStory = 14
const lineLength = 260

/** Violations as a person reads them: by kind, each with the part of the record that shows it. */
export function report(evidence: Evidence, violations: Violation[]): string {
  const kinds = Map.groupBy(violations, ({ invariant, what }) => `invariant ${invariant}: ${what}`)
  return [...kinds]
    .map(([kind, all]) => {
      const some = all.slice(0, shownOfAKind).map((violation) => one(evidence, violation))
      return `${kind} (${all.length} times)\n${some.join('\n')}`
    })
    .join('\n\n')
}

function one({ entries }: Evidence, { actors, detail, proof, about }: Violation): string {
  const ids = about.filter((id) => id !== '')
  const related = entries.filter((entry) => !proof.includes(entry) && mentions(entry, ids))
  const story = [...proof, ...related.slice(0, Math.max(0, linesOfAStory - proof.length))]
    .sort((a, b) => a.at.index - b.at.index)
    .map((entry) => `      ${line(entry, ids)}`)
  return [`  ${[...new Set(actors)].join(', ')}: ${detail}`, ...story].join('\n')
}

function mentions(entry: Entry, ids: string[]): boolean {
  if (ids.length === 0) return false
  const text = JSON.stringify(entry)
  return ids.some((id) => text.includes(id))
}

/** One line of the record. */
export function line(entry: Entry, ids: string[] = []): string {
  const at = `${String(entry.at.index).padStart(6)} ${entry.at.ms.toFixed(0).padStart(6)} ms`
  if (entry.kind === 'mark') return `${at}  ** ${entry.name} ${entry.detail}`
  if (entry.kind === 'probe') {
    const found = entry.isStored ? 'is' : 'is NOT'
    return `${at}  MongoDB: ${entry.messageId} ${found} stored (${entry.because})`
  }
  const who = `${entry.device}#${entry.connection}@node${entry.node}`
  if (entry.kind === 'link') return `${at}  ${who} is ${entry.state} ${entry.reason}`
  if (entry.kind === 'heard') return `${at}  ${who} hears ${entry.event} ${brief(entry.payload, ids)}`
  const end = entry.end ? `${entry.end.index} ${entry.end.ms.toFixed(0)} ms` : 'no answer'
  return `${at}  ${who} ${entry.name} ${brief(entry.payload, [])} -> (${end}) ${brief(entry.answer, ids)}`
}

/** Short, and around the first id that matters. */
function brief(value: unknown, ids: string[]): string {
  const text = JSON.stringify(value) ?? ''
  if (text.length <= lineLength) return text
  const found = Math.max(0, ...ids.map((id) => text.indexOf(id)))
  const start = Math.max(0, found - lineLength / 2)
  return `${start > 0 ? '…' : ''}${text.slice(start, start + lineLength)}…`
}

/** What a round was made of, in numbers. */
export function summary({ entries, attempts, truth, sightings, changes, plan }: Evidence): string {
  const count = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind).length
  const stored = [...truth.values()].flat().filter(({ isVoid }) => !isVoid).length
  const acked = attempts.filter(({ ack }) => ack).length
  const unknown = attempts.filter(({ ack, refusedAs }) => !ack && !refusedAs).length
  const seconds = (entries.at(-1)?.at.ms ?? 0) / 1000
  return [
    `${plan.steps.length} steps, ${attempts.length} sends (${acked} acked, ${unknown} unanswered)`,
    `${stored} messages in ${truth.size} conversations, seen ${sightings.length} times`,
    `${changes.length} sightings of changes, ${count('heard')} events, ${count('probe')} probes`,
    `${plan.faults.length} faults, ${seconds.toFixed(1)} s`,
  ].join('; ')
}
