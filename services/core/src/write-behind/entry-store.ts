import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { callsFor } from '../clients/slots.ts'
import { ownedPrefix, WriteBehindKeys } from './keys.ts'
import type { Dirty, Fields, Kind } from './kind.ts'

/** One owner's entries are looked for in every shard, and so many are answered by each. */
const ownedPerShard = 1_000

/** A value as Redis has it. */
export type Entry = [id: string, fields: Fields]

export interface EntryStoreOptions {
  prefix: string
  shards: number
  /** Entries that may wait in all. */
  max: number
}

/** Values of one kind in Redis: each method is an atomic script, on one shard where it is given one. Rejects while Redis is away. */
export class EntryStore<T> {
  readonly keys: WriteBehindKeys
  readonly #kind: Kind<T>
  readonly #redis: Redis
  readonly #maxPerShard: number
  readonly #scripts: Record<'note' | 'read' | 'dirty' | 'flushed', ScriptCall>

  constructor(redis: Redis, kind: Kind<T>, options: EntryStoreOptions) {
    this.#redis = redis
    this.#kind = kind
    this.#maxPerShard = Math.ceil(options.max / options.shards)
    this.keys = new WriteBehindKeys(options.prefix, kind.name, options.shards)
    const script = (name: string) =>
      defineScript(redis, `write_behind_${name}`, new URL(`./${name}.lua`, import.meta.url))
    this.#scripts = {
      note: script('note'),
      read: script('read'),
      dirty: script('dirty'),
      flushed: script('flushed'),
    }
  }

  shardOf(id: string): number {
    return this.keys.shardOf(this.#kind.placeOf(id))
  }

  /** Returns those there was no room for. */
  async note(entries: Entry[]): Promise<Entry[]> {
    const byShard = [...Map.groupBy(entries, ([id]) => this.shardOf(id))]
    const calls = callsFor(this.#redis, byShard)
    return (await Promise.all(calls.map((shards) => this.#noteAtOnce(shards)))).flat()
  }

  async #noteAtOnce(shards: [shard: number, entries: Entry[]][]): Promise<Entry[]> {
    const keys = shards.map(([shard]) => this.keys.of(shard))
    const args: (string | number)[] = [this.#maxPerShard, ...keys.map(({ entryPrefix }) => entryPrefix)]
    for (const [i, [, entries]] of shards.entries()) {
      for (const [id, fields] of entries) {
        const members = this.#ownerMembers(id)
        args.push(i + 1, id, members.length, ...members, fields.size)
        for (const [name, { rank, payload }] of fields) args.push(name, rank, payload ?? '')
      }
    }
    const sets = keys.flatMap(({ dirty, owners }) => [dirty, owners])
    const refused = (await this.#scripts.note(sets, args)) as number[]
    if (refused.length === 0) return []
    const all = shards.flatMap(([, entries]) => entries)
    return refused.flatMap((position) => all.slice(position, position + 1))
  }

  /** What waits of these ids of one shard and, with an owner, of what is theirs there. */
  async read(shard: number, ids: string[], owner?: string): Promise<Map<string, T>> {
    const { owners, entryPrefix } = this.keys.of(shard)
    const owned = owner === undefined ? '' : ownedPrefix(owner)
    const flat = await this.#scripts.read([owners], [entryPrefix, ownedPerShard, owned, ...ids])
    const found = new Map<string, T>()
    const rows = flat as (string | string[])[]
    for (let i = 0; i + 1 < rows.length; i += 2) {
      const id = rows[i] as string
      const value = this.#kind.decode(id, fieldsOf(rows[i + 1] as string[]))
      if (value !== undefined) found.set(id, value)
    }
    return found
  }

  /**
   * A page of one shard, what changed longest ago first; '0' is the cursor to begin with, and that of the end.
   * @param quietMs how long ago it changed at least
   */
  async dirty(
    shard: number,
    cursor: string,
    count: number,
    quietMs = 0,
  ): Promise<{ cursor: string; states: Dirty<T>[] }> {
    const { dirty, entryPrefix } = this.keys.of(shard)
    const [after = '0', upTo = ''] = cursor.split(':')
    const answer = (await this.#scripts.dirty(
      [dirty],
      [entryPrefix, after, upTo, count, quietMs * 1_000],
    )) as unknown[]
    const [end, ...rows] = answer as [string, ...(string | string[])[]]
    const states: Dirty<T>[] = []
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const [id, version, hash] = rows.slice(i, i + 3) as [string, string, string[]]
      states.push({ id, version, value: this.#kind.decode(id, fieldsOf(hash)) })
    }
    const last = states.at(-1)
    return { states, cursor: last && states.length === count ? `${last.version}:${end}` : '0' }
  }

  /** Drops what was written to MongoDB, except what changed since. */
  async flushed(shard: number, states: Pick<Dirty<T>, 'id' | 'version'>[]): Promise<void> {
    if (states.length === 0) return
    const { dirty, owners, entryPrefix } = this.keys.of(shard)
    const args: (string | number)[] = [entryPrefix]
    for (const { id, version } of states) {
      const members = this.#ownerMembers(id)
      args.push(id, version, members.length, ...members)
    }
    await this.#scripts.flushed([dirty, owners], args)
  }

  /** How many values wait in each shard. */
  async waiting(): Promise<number[]> {
    return Promise.all(this.keys.shards.map(({ dirty }) => this.#redis.zcard(dirty)))
  }

  #ownerMembers(id: string): string[] {
    return this.#kind.ownersOf(id).map((owner) => ownedPrefix(owner) + id)
  }
}

/** A Redis hash as a flat list, back to fields. */
function fieldsOf(flat: string[]): Fields {
  const hash = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) hash.set(flat[i] as string, flat[i + 1] as string)
  const fields: Fields = new Map()
  for (const [name, value] of hash) {
    if (name.endsWith(':')) continue
    const payload = hash.get(`${name}:`)
    fields.set(name, { rank: Number(value), ...(payload !== undefined && { payload }) })
  }
  return fields
}
