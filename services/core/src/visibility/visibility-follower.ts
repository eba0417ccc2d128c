import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { redisNow } from '../clients/redis-now.ts'
import type { Visibility } from './visibility.ts'
import { toWireRules, type VisibilityChange } from './visibility-change.ts'
import type { VisibilityStore } from './visibility-store.ts'

/** A write may take effect so long after its version was made, milliseconds. */
const lateMs = 60_000

/**
 * Finds changes in MongoDB that no announcement told of: who made one may have died over it. To be run again and again;
 * what it costs grows with the changes, not with the users.
 */
export class VisibilityFollower {
  readonly #redis: Redis
  readonly #store: VisibilityStore
  readonly #visibility: Visibility
  readonly #follow: (change: VisibilityChange) => void
  /** Of changes that may be found once more: their versions. */
  readonly #followed = new LRUCache<string, number>({ max: 50_000, ttl: 2 * lateMs })
  #since: number | undefined

  constructor(deps: {
    redis: Redis
    store: VisibilityStore
    visibility: Visibility
    follow: (change: VisibilityChange) => void
  }) {
    this.#redis = deps.redis
    this.#store = deps.store
    this.#visibility = deps.visibility
    this.#follow = deps.follow
  }

  async run(): Promise<void> {
    const now = await redisNow(this.#redis)
    const found = await this.#store.changedSince((this.#since ?? now) - lateMs)
    const isNews = ({ userId, version }: { userId: string; version: number }) =>
      (this.#visibility.rulesNow(userId)?.version ?? this.#followed.get(userId)) !== version
    const news = found.filter(isNews).map(({ userId }) => userId)
    for (const [userId, rules] of await this.#store.find(news)) {
      this.#followed.set(userId, rules.version)
      this.#follow({ userId, version: rules.version, rules: toWireRules(rules) })
    }
    this.#since = now
  }
}
