import { CodedError, type Limits, type PresenceVisibility } from '@earshot/protocol'
import type { Redis } from 'ioredis'
import { redisNow } from '../clients/redis-now.ts'
import type { BlockStore } from '../conversations/block-store.ts'
import { KeyedQueue } from '../keyed-queue.ts'
import { RateLimiter } from '../messages/rate-limiter.ts'
import type { Logger } from '../observability/logger.ts'
import type { LeaseStore } from '../presence/lease-store.ts'
import type { BroadcastVisibility } from './broadcast-visibility.ts'
import type { Contacts } from './contacts.ts'
import { openRules } from './rules.ts'
import type { Visibility } from './visibility.ts'
import { toWireRules, type VisibilityAnnouncer } from './visibility-change.ts'
import type { VisibilityStore } from './visibility-store.ts'

/** Changes of one user: a burst, and as many a second as a person can mean. */
const changesBurst = 20
const changesPerSecond = 1

/** Changes who sees a user: written, then told to every process, and only then acknowledged. */
export class VisibilitySettings {
  readonly #redis: Redis
  readonly #leases: LeaseStore
  readonly #store: VisibilityStore
  readonly #blocks: BlockStore
  readonly #contacts: Contacts
  readonly #visibility: Visibility
  readonly #announcer: VisibilityAnnouncer
  readonly #broadcast: BroadcastVisibility
  readonly #limits: Limits
  readonly #log: Logger
  readonly #rate = new RateLimiter(changesPerSecond, changesBurst)
  readonly #inOrder = new KeyedQueue()

  constructor(deps: {
    redis: Redis
    leases: LeaseStore
    store: VisibilityStore
    blocks: BlockStore
    contacts: Contacts
    visibility: Visibility
    announcer: VisibilityAnnouncer
    broadcast: BroadcastVisibility
    limits: Limits
    log: Logger
  }) {
    this.#redis = deps.redis
    this.#leases = deps.leases
    this.#store = deps.store
    this.#blocks = deps.blocks
    this.#contacts = deps.contacts
    this.#visibility = deps.visibility
    this.#announcer = deps.announcer
    this.#broadcast = deps.broadcast
    this.#limits = deps.limits
    this.#log = deps.log
  }

  async get(userId: string): Promise<PresenceVisibility> {
    const { lastSeen, except } = await this.#visibility.rulesOf(userId)
    return { lastSeen, ...(except.size > 0 && { except: [...except] }) }
  }

  /** @throws {CodedError} `TOO_LARGE`, `RATE_LIMITED`; `RETRY_LATER` while Redis is away: nothing was changed */
  async set(userId: string, { lastSeen, except = [] }: PresenceVisibility): Promise<PresenceVisibility> {
    const chosen = { lastSeen, except: [...new Set(except)].filter((other) => other !== userId) }
    if (chosen.except.length > this.#limits.visibilityMaxExceptions) {
      const message = `${this.#limits.visibilityMaxExceptions} exceptions at most.`
      throw new CodedError('TOO_LARGE', message, { field: 'except' })
    }
    this.#rate.take(userId)
    await this.#change(userId, (version) => this.#store.write(userId, chosen, version))
    return this.get(userId)
  }

  async block(userId: string, otherId: string): Promise<void> {
    const write = async (version: number) => {
      // Before, so that nobody overlooks the block; after, so that it is found should the announcement fail.
      await this.#store.noteBlocks(userId, version - 1)
      await this.#blocks.block(userId, otherId)
      await this.#store.noteBlocks(userId, version)
    }
    await this.#change(userId, write, [otherId])
  }

  async unblock(userId: string, otherId: string): Promise<void> {
    const write = async (version: number) => {
      await this.#blocks.unblock(userId, otherId)
      await this.#store.noteBlocks(userId, version)
    }
    await this.#change(userId, write, [otherId])
  }

  /** Sends a message from one to another, and sees to it if that makes them a contact. */
  async writing<T>(userId: string, otherId: string, send: () => Promise<T>): Promise<T> {
    const isNews = this.#mayMakeContact(userId, otherId)
    const sent = await send()
    if (isNews) {
      // It was said all the same; the others find out by themselves, a little later.
      this.#becameContact(userId, otherId).catch((err: unknown) => {
        this.#log.warn({ err, userId }, 'a new contact could not be announced')
      })
    }
    return sent
  }

  /** Whether a message from one to the other may change who sees them. Takes no time: messages keep their order. */
  #mayMakeContact(userId: string, otherId: string): boolean {
    // Of nearly all users it does not.
    if (this.#visibility.rulesNow(userId)?.lastSeen !== 'contacts') return false
    return otherId !== userId && this.#contacts.hasNow(userId, otherId) !== true
  }

  /** A user wrote to another for the first time, who from now on is a contact. */
  async #becameContact(userId: string, otherId: string): Promise<void> {
    const rules = toWireRules(await this.#visibility.rulesOf(userId))
    const version = await this.#nextVersion(userId)
    await this.#announcer.announce({ userId, version, rules, others: [otherId], isContact: true })
    await this.#broadcast.revealed(userId, otherId, version)
  }

  /** One after the other for each user, so that each change begins where the last ended. */
  #change(userId: string, write: (version: number) => Promise<void>, others?: string[]): Promise<void> {
    return this.#inOrder.run(userId, async () => {
      const version = await this.#nextVersion(userId)
      await this.#broadcast.around(userId, version, async () => {
        await write(version)
        const rules = toWireRules((await this.#store.find([userId])).get(userId) ?? openRules)
        await this.#announcer.announce({ userId, version, rules, ...(others && { others }) })
      })
    })
  }

  /** Newer than what was told of the user before, so that what is told of the change wins. */
  async #nextVersion(userId: string): Promise<number> {
    const [now, [state], rules] = await Promise.all([
      redisNow(this.#redis),
      this.#leases.read([userId]),
      this.#visibility.rulesOf(userId),
    ])
    return Math.max(now, (state?.version ?? 0) + 1, rules.version + 1)
  }
}
