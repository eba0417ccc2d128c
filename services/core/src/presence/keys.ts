import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Redis keys of presence. All of one shard carry the same hash tag, so that a script stays in one slot.
 *
 *   <prefix>:{p<shard>}:u:<userId>   hash, with TTL
 *                                      c:<connectionId> → deadline of that connection's lease, ms
 *                                      g → until when a lost connection may come back, ms
 *                                      s → last sign of life of connections that are gone, ms
 *                                      v → version of the user's state
 *   <prefix>:{p<shard>}:deadlines    sorted set: userId → the user's latest deadline, ms. Member = online
 *   <prefix>:{p<shard>}:dirty        hash: userId → "<lastSeen ms>|<1 online, 0 not>|<version>", not yet in MongoDB
 */
export interface ShardKeys {
  userPrefix: string
  deadlines: string
  dirty: string
}

export class PresenceKeys {
  readonly shards: ShardKeys[]
  readonly #shardOf = new LRUCache<string, number>({ max: 100_000 })

  constructor(prefix: string, shardCount: number) {
    this.shards = Array.from({ length: shardCount }, (_, shard) => {
      const tag = `${prefix}:{p${shard}}`
      return { userPrefix: `${tag}:u:`, deadlines: `${tag}:deadlines`, dirty: `${tag}:dirty` }
    })
  }

  shardOf(userId: string): number {
    const known = this.#shardOf.get(userId)
    if (known !== undefined) return known
    const shard = createHash('sha1').update(userId).digest().readUInt32BE(0) % this.shards.length
    this.#shardOf.set(userId, shard)
    return shard
  }

  of(shard: number): ShardKeys {
    const keys = this.shards[shard]
    if (!keys) throw new RangeError(`no presence shard ${shard}`)
    return keys
  }
}
