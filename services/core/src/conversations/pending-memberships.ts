import type { Redis } from 'ioredis'
import { inParts } from './membership-change.ts'

/** A change that is about to be made, or was made and not yet told to everybody. */
export interface PendingMembership {
  id: string
  groupId: string
  userIds: string[]
  /** By the clock of Redis, milliseconds since 1970. */
  notedAt: number
}

const perRead = 100
/** Without a worker nobody takes old ones away. */
const maxEntries = 100_000

/**
 * Changes of memberships under way, in Redis: should the node that makes one die or lose Redis before the others know,
 * the worker tells them. A stream `<prefix>:membership:pending`; ids are times, fields `group` and `users` (JSON).
 */
export class PendingMemberships {
  readonly #redis: Redis
  readonly #key: string

  /** @param redis the one that announcements go through: when it is away, nothing is even begun */
  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#key = `${prefix}:membership:pending`
  }

  /** To be called before the change is made. Returns what `drop` takes. Rejects while Redis is away. */
  async note(change: { groupId: string; userIds: string[] }): Promise<string[]> {
    const ids = await Promise.all(
      inParts(change).map(({ groupId, userIds }) =>
        this.#redis.xadd(
          this.#key,
          'MAXLEN',
          '~',
          maxEntries,
          '*',
          'group',
          groupId,
          'users',
          JSON.stringify(userIds),
        ),
      ),
    )
    return ids.filter((id) => id !== null)
  }

  /** Everybody knows. */
  async drop(ids: string[]): Promise<void> {
    if (ids.length > 0) await this.#redis.xdel(this.#key, ...ids)
  }

  /** The clock of Redis, milliseconds since 1970. */
  async now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time()
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  }

  /** Takes away what was noted before. */
  async dropOlder(notedAt: number): Promise<void> {
    await this.#redis.xtrim(this.#key, 'MINID', notedAt)
  }

  /** What was noted until then, oldest first. */
  async *until(notedAt: number): AsyncGenerator<PendingMembership> {
    let start = '-'
    for (;;) {
      const entries = await this.#redis.xrange(this.#key, start, notedAt, 'COUNT', perRead)
      for (const [id, fields] of entries) {
        const { group = '', users = '[]' } = toRecord(fields)
        yield { id, groupId: group, userIds: JSON.parse(users), notedAt: Number(id.split('-')[0]) }
      }
      const last = entries.at(-1)
      if (!last || entries.length < perRead) return
      start = `(${last[0]}`
    }
  }
}

function toRecord(fields: string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let i = 0; i + 1 < fields.length; i += 2) record[fields[i] ?? ''] = fields[i + 1] ?? ''
  return record
}
