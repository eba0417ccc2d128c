import type { Redis } from 'ioredis'
import { inSlices } from '../in-slices.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { Outage } from '../observability/outage.ts'
import { TurnBatch } from '../turn-batch.ts'
import { type Entry, EntryStore, type EntryStoreOptions } from './entry-store.ts'
import { Flusher, type FlushOptions } from './flusher.ts'
import type { Dirty, Kind } from './kind.ts'
import { RecentNotes } from './recent-notes.ts'

/** What every kind shares. */
export interface WriteBehindDeps {
  redis: Redis
  options: EntryStoreOptions
  log: Logger
  metrics: Metrics
}

const notesPerCall = 500

/**
 * Values that change often and are wanted in MongoDB a moment later: noted in Redis before anybody is answered, laid by
 * readers over what MongoDB has, and carried there in bulk by the worker. No node holds what only it knows.
 */
export class WriteBehind<T> {
  readonly #kind: Kind<T>
  readonly #entries: EntryStore<T>
  readonly #write: (values: T[]) => Promise<void>
  readonly #flusher: Flusher<Dirty<T>>
  readonly #metrics: Metrics
  readonly #noting: Outage
  readonly #reading: Outage
  readonly #recent = new RecentNotes()
  readonly #notes: TurnBatch<Entry, void>

  /** @param write to MongoDB, safe to repeat and to run out of order */
  constructor(
    kind: Kind<T>,
    { redis, options, log, metrics }: WriteBehindDeps,
    write: (values: T[]) => Promise<void>,
  ) {
    this.#kind = kind
    this.#entries = new EntryStore(redis, kind, options)
    this.#write = write
    this.#metrics = metrics
    this.#noting = new Outage(log, `noting ${kind.name} in Redis`)
    this.#reading = new Outage(log, `reading ${kind.name} in Redis`)
    this.#notes = new TurnBatch((notes) => this.#send(notes), { max: notesPerCall })
    this.#flusher = new Flusher<Dirty<T>>({
      source: this.#entries,
      write: (states) => write(states.map(({ value }) => value).filter((value) => value !== undefined)),
      onFlushed: (count) => metrics.writeBehindFlushed.inc({ kind: kind.name }, count),
    })
  }

  /**
   * Resolves when Redis has the values, or MongoDB where Redis cannot take them. What is noted in one turn of the event
   * loop shares one call; what is sent to Redis in later turns, or told to be published after this call, comes after it there.
   */
  note(values: T[]): Promise<void> {
    if (values.length === 0) return Promise.resolve()
    const calls = values.map((value) => this.#notes.add([this.#kind.idOf(value), this.#kind.encode(value)]))
    // Mostly one.
    return Promise.all(new Set(calls)).then(() => undefined)
  }

  /** The same by a call of its own, which is on its way to Redis when this returns. */
  noteNow(values: T[]): Promise<void> {
    const noted = this.note(values)
    this.#notes.flush()
    return noted
  }

  /** Redis lost its memory, or may have: it gets again what this node noted within the last seconds. */
  async noteAgain(): Promise<void> {
    await this.#noteAll(this.#recent.all())
  }

  /** What waits of these ids. Nothing while Redis is away: then MongoDB's word stands, a moment old. */
  async read(ids: string[]): Promise<Map<string, T>> {
    const byShard = Map.groupBy(new Set(ids), (id) => this.#entries.shardOf(id))
    return this.#readAll([...byShard])
  }

  /** What waits and is the owner's, or of these ids. */
  async readOwned(owner: string, ids: readonly string[]): Promise<Map<string, T>> {
    const byShard = Map.groupBy(new Set(ids), (id) => this.#entries.shardOf(id))
    return this.#readAll(
      this.#entries.keys.shards.map((_, shard) => [shard, byShard.get(shard) ?? []]),
      owner,
    )
  }

  /** For the worker: writes to MongoDB what waits. */
  async flush(options?: FlushOptions): Promise<void> {
    const waiting = await this.#entries.waiting()
    const sum = waiting.reduce((before, count) => before + count, 0)
    this.#metrics.writeBehindWaiting.set({ kind: this.#kind.name }, sum)
    await this.#flusher.run(
      waiting.flatMap((count, shard) => (count > 0 ? [shard] : [])),
      options,
    )
  }

  async #readAll(asked: [shard: number, ids: string[]][], owner?: string): Promise<Map<string, T>> {
    try {
      const found = await Promise.all(asked.map(([shard, ids]) => this.#entries.read(shard, ids, owner)))
      this.#reading.worked()
      return new Map(found.flatMap((some) => [...some]))
    } catch (err) {
      this.#reading.failed(err)
      return new Map()
    }
  }

  async #send(notes: Entry[]): Promise<void> {
    for (const [id, fields] of notes) this.#recent.add(id, fields)
    await this.#noteAll(notes)
  }

  async #noteAll(notes: Entry[]): Promise<void> {
    const calls = inSlices(notes, notesPerCall).map((some) => this.#noteSome(some))
    const notTaken = (await Promise.all(calls)).flat()
    if (notTaken.length === 0) return
    this.#metrics.writeBehindDirect.inc({ kind: this.#kind.name }, notTaken.length)
    await this.#write(notTaken.flatMap(([id, fields]) => this.#kind.decode(id, fields) ?? []))
  }

  /** Returns what Redis did not take. */
  async #noteSome(notes: Entry[]): Promise<Entry[]> {
    try {
      const refused = await this.#entries.note(notes)
      this.#noting.worked()
      return refused
    } catch (err) {
      this.#noting.failed(err)
      return notes
    }
  }
}
