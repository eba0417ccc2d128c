import { ObjectId } from 'mongodb'
import { nameOf, type UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import type { AdoptionBatch, Candidate } from './adoption-batch.ts'
import { type AdoptionStore, firstObjectId } from './adoption-store.ts'
import { idOf, type OldMessage, writtenAt } from './old-docs.ts'
import type { OldGroups } from './old-groups.ts'
import type { OldUsers } from './old-users.ts'
import { Places } from './places.ts'

/** Messages looked at and put in order together. */
const windowSize = 10_000
/** Few: FerretDB holds a connection for each update of a command until all are done. */
const batchSize = 10
/** Clocks of the existing system's nodes may differ from ours by so much. */
const overlapMs = 60_000
/** A server that reads all messages to find the new ones spends 2 % of its time on it. */
const restPerScan = 50
const restMinMs = 500
/** Looking at everything again, for ids of another time: at most 0.2 % of a server's time, and once an hour. */
const restPerFullPass = 500
const fullPassMinMs = 2_000
const fullPassMaxMs = 3_600_000

/**
 * Adopts documents of the existing system: at its first run all, then those that it still writes. Any number of
 * workers may do it at once.
 */
export class LegacyAdopter {
  readonly #store: AdoptionStore
  readonly #groups: OldGroups
  readonly #batch: AdoptionBatch
  readonly #users: UserStore
  readonly #oldUsers: OldUsers
  /** What looking for messages took last. */
  #scanMs = 0
  /** What looking took in this pass. */
  #lookedMs = 0
  #hasRun = false
  #lastPassAt = 0
  #nextFullPassAt = 0
  #isStopping = false

  constructor(deps: {
    store: AdoptionStore
    groups: OldGroups
    oldUsers: OldUsers
    batch: AdoptionBatch
    users: UserStore
  }) {
    this.#store = deps.store
    this.#groups = deps.groups
    this.#batch = deps.batch
    this.#users = deps.users
    this.#oldUsers = deps.oldUsers
  }

  /** Time until the next run. */
  restMs(): number {
    return this.#hasRun ? Math.max(restMinMs, restPerScan * this.#scanMs) : 0
  }

  /** A run under way ends after the batch that it is at. */
  stop(): void {
    this.#isStopping = true
  }

  async run(): Promise<void> {
    this.#hasRun = true
    const startedAt = Date.now()
    const isFull = startedAt >= this.#nextFullPassAt
    this.#lookedMs = 0
    await this.#batch.finishLeft()
    if (isFull) await this.#adoptGroups()
    const from = isFull ? firstObjectId : firstIdAt(this.#lastPassAt - overlapMs)
    if (!(await this.#adoptMessages(from))) return
    this.#lastPassAt = startedAt
    if (!isFull) return
    await this.#store.markComplete()
    await this.#oldUsers.adopt(windowSize)
    const restMs = Math.max(fullPassMinMs, restPerFullPass * this.#lookedMs)
    this.#nextFullPassAt = Date.now() + Math.min(fullPassMaxMs, restMs)
  }

  async #adoptGroups(): Promise<void> {
    const startedAt = performance.now()
    let after = firstObjectId
    for (;;) {
      const chats = await this.#store.groupChats(after, windowSize)
      for (const chat of chats) {
        if (this.#isStopping) return
        await this.#groups.adopt(fromDbId(chat._id), chat)
        after = chat._id
      }
      if (chats.length < windowSize) break
    }
    this.#lookedMs += performance.now() - startedAt
  }

  /** Returns false when it was stopped before the end. */
  async #adoptMessages(from: ObjectId): Promise<boolean> {
    let after = from
    for (;;) {
      const scanAt = performance.now()
      const found = await this.#store.waiting(after, windowSize)
      this.#scanMs = performance.now() - scanAt
      this.#lookedMs += this.#scanMs
      const last = found.at(-1)
      if (!last) return true
      if (!(await this.#adoptWindow(found))) return false
      if (found.length < windowSize) return true
      after = last._id
    }
  }

  async #adoptWindow(found: OldMessage[]): Promise<boolean> {
    const names = await this.#namesOf(found)
    const places = new Places({ store: this.#store, groups: this.#groups })
    const inOrder = found
      .map((message) => ({ message, at: writtenAt(message) }))
      .sort((a, b) => a.at.getTime() - b.at.getTime() || compareIds(a.message._id, b.message._id))
    for (let i = 0; i < inOrder.length; i += batchSize) {
      if (this.#isStopping) return false
      const candidates: Candidate[] = []
      for (const { message, at } of inOrder.slice(i, i + batchSize)) {
        const place = await places.of(message)
        if (!place) continue
        const sender = { _id: place.senderId, name: names.get(place.senderId) ?? place.senderId }
        candidates.push({ _id: message._id, place, sender, createdAt: at })
      }
      await this.#batch.adopt(candidates)
    }
    return true
  }

  async #namesOf(messages: OldMessage[]): Promise<Map<string, string>> {
    const senders = [...new Set(messages.flatMap(({ sender }) => idOf(sender) ?? []))]
    return new Map((await this.#users.find(senders)).map((doc) => [fromDbId(doc._id), nameOf(doc)]))
  }
}

function firstIdAt(ms: number): ObjectId {
  return ObjectId.createFromTime(Math.max(0, Math.floor(ms / 1000)))
}

function compareIds(a: ObjectId, b: ObjectId): number {
  const [x, y] = [a.toHexString(), b.toHexString()]
  return x < y ? -1 : x > y ? 1 : 0
}
