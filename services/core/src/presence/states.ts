/** That somebody was seen. Times are milliseconds since 1970 by Redis' clock. */
export interface Sighting {
  userId: string
  lastSeen: number
}

/** A user's state as Redis knows it. */
export interface PresenceState extends Sighting {
  isOnline: boolean
  /** Grows with each change of this user's state. */
  version: number
}

/** The triples that scripts return for users who went offline. */
export function statesOf(flat: (string | number)[]): PresenceState[] {
  const states: PresenceState[] = []
  for (let i = 0; i + 2 < flat.length; i += 3) {
    states.push({
      userId: String(flat[i]),
      isOnline: false,
      version: Number(flat[i + 1]),
      lastSeen: Number(flat[i + 2]),
    })
  }
  return states
}
