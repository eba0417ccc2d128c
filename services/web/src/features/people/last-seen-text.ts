import type { LastSeenWords } from './last-seen-words.ts'

const units = [
  { unit: 'year', seconds: 365 * 86_400 },
  { unit: 'month', seconds: 30 * 86_400 },
  { unit: 'week', seconds: 7 * 86_400 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const satisfies { unit: Intl.RelativeTimeFormatUnit; seconds: number }[]

export interface Seen {
  isOnline: boolean
  lastSeen: string | null
}

/**
 * "Online", or "Last seen 5 minutes ago"; `undefined` of one who never was, or does not let it be seen. A clock that runs behind the server's does not
 * bring "in 2 minutes".
 */
export function lastSeenText(
  { isOnline, lastSeen }: Seen,
  now: number,
  language: string,
  words: LastSeenWords,
): string | undefined {
  if (isOnline) return words.online
  if (lastSeen === null) return undefined
  const seconds = Math.max(0, (now - Date.parse(lastSeen)) / 1_000)
  const fits = units.find((candidate) => seconds >= candidate.seconds)
  if (!fits)
    return words.justNow || new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(0, 'second')
  const count = Math.floor(seconds / fits.seconds)
  const ago = new Intl.RelativeTimeFormat(language, { numeric: 'always' }).format(-count, fits.unit)
  return words.lastSeen.replace('{}', ago)
}
