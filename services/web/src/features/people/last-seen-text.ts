const units = [
  { unit: 'year', seconds: 365 * 86_400 },
  { unit: 'month', seconds: 30 * 86_400 },
  { unit: 'week', seconds: 7 * 86_400 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const satisfies { unit: Intl.RelativeTimeFormatUnit; seconds: number }[]

/** "5 minutes ago". A clock that runs behind the server's does not bring "in 2 minutes". */
export function agoText(time: string, now: number, locale: string): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1_000)
  const fits = units.find((candidate) => seconds >= candidate.seconds)
  if (!fits) return 'just now'
  const count = Math.floor(seconds / fits.seconds)
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(-count, fits.unit)
}

export interface Seen {
  isOnline: boolean
  lastSeen: string | null
}

export function lastSeenText({ isOnline, lastSeen }: Seen, now: number, locale: string): string {
  if (isOnline) return 'Online'
  return lastSeen === null ? 'Not seen yet' : `Last seen ${agoText(lastSeen, now, locale)}`
}
