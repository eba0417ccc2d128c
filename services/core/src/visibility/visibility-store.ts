import type { PresenceVisibility } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import type { BlockStore } from '../conversations/block-store.ts'
import { Gatherer, stormPauseMs } from '../gatherer.ts'
import type { VisibilityRules } from './rules.ts'

/** Users who never changed anything have none. */
interface VisibilityDoc {
  /** The user's id. */
  _id: string
  lastSeen?: PresenceVisibility['lastSeen']
  except?: string[]
  /** They have blocked somebody, or had. */
  hasBlocks?: boolean
  version: number
}

/** So many are looked up with others. */
const fewUsers = 50

/**
 * The rules in MongoDB, and whom users have blocked. Not in the users' documents: presence writes these all the time, and
 * here few users have any, so that changes are found at a price that follows them.
 */
export class VisibilityStore {
  readonly #visibility: Collection<VisibilityDoc>
  readonly #blocks: BlockStore
  /** Everybody who comes is looked up here, and nearly nobody found: in a storm many by one command. */
  readonly #lookUps = new Gatherer<string, VisibilityDoc | undefined>(
    (userIds) => this.#read(userIds),
    undefined,
    { pauseMs: stormPauseMs },
  )

  constructor(db: Db, blocks: BlockStore) {
    this.#visibility = db.collection<VisibilityDoc>('visibility')
    this.#blocks = blocks
  }

  /** The rules of those of the users who ever changed theirs. */
  async find(userIds: string[]): Promise<Map<string, VisibilityRules>> {
    // A long list shall keep nobody waiting.
    const docs =
      userIds.length > fewUsers
        ? [...(await this.#read(userIds)).values()]
        : await Promise.all(userIds.map((userId) => this.#lookUps.ask(userId)))
    const found = new Map<string, VisibilityRules>()
    for (const doc of docs) if (doc) found.set(doc._id, await this.#rules(doc))
    return found
  }

  /** Those who ever changed theirs, so many at most. */
  async holders(most: number): Promise<string[]> {
    const docs = await this.#visibility
      .find({}, { projection: { _id: 1 } })
      .limit(most)
      .toArray()
    return docs.map(({ _id }) => _id)
  }

  /** Who changed theirs since, with the version of the change. */
  async changedSince(version: number): Promise<{ userId: string; version: number }[]> {
    const docs = await this.#visibility
      .find({ version: { $gt: version } }, { projection: { version: 1 } })
      .toArray()
    return docs.map((doc) => ({ userId: doc._id, version: doc.version }))
  }

  async write(userId: string, chosen: PresenceVisibility, version: number): Promise<void> {
    await this.#set(userId, { lastSeen: chosen.lastSeen, except: chosen.except ?? [], version })
  }

  /** To be called before the first block is set, so that nobody's blocks are overlooked, and after each change. */
  async noteBlocks(userId: string, version: number): Promise<void> {
    await this.#set(userId, { hasBlocks: true, version })
  }

  async #read(userIds: string[]): Promise<Map<string, VisibilityDoc>> {
    const docs = await this.#visibility.find({ _id: { $in: userIds } }).toArray()
    return new Map(docs.map((doc) => [doc._id, doc]))
  }

  async #set(userId: string, fields: Omit<VisibilityDoc, '_id'>): Promise<void> {
    await this.#visibility.updateOne({ _id: userId }, { $set: fields }, { upsert: true })
  }

  async #rules({ _id, lastSeen, except, hasBlocks, version }: VisibilityDoc): Promise<VisibilityRules> {
    return {
      lastSeen: lastSeen ?? 'everyone',
      except: new Set(except),
      blocked: new Set(hasBlocks ? await this.#blocks.blockedBy(_id) : []),
      version,
    }
  }
}
