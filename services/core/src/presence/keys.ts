import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Redis keys of presence. All of one shard carry the same hash tag, so that a script stays in one slot. All times are
 * milliseconds since 1970 by Redis' clock.
 *
 *   <prefix>:{p<shard>}:u:<userId>   hash of a user who is online
 *                                      c:<connectionId> → the node that holds that connection: a lease, which ends with the
 *                                                         node's deadline
 *                                      g:<connectionId> → until when that lost connection may come back
 *                                      v → version of the user's state
 *   <prefix>:{p<shard>}:nodes        sorted set: node → deadline of all its leases in this shard
 *   <prefix>:{p<shard>}:n:<node>     hash: connectionId → userId, the leases of that node: the c above, by node
 *   <prefix>:{p<shard>}:deadlines    sorted set: userId → when to look whether the user is still online: at the end of
 *                                    the latest grace, or never (+inf) while there is a lease. Member = online
 *   <prefix>:{p<shard>}:seen         sorted set: userId → last sign of life of any of the user's connections, while online
 *   <prefix>:{p<shard>}:dirty        hash: userId → "<lastSeen>|<1 online, 0 not>|<version>", not yet in MongoDB
 *   <prefix>:{p<shard>}:sighted      hash: userId → sign of life that was learnt of late, when the user was offline
 *   <prefix>:{p<shard>}:outbox       sorted set: userId → version of a change that clients may not have been told of
 *   <prefix>:{p<shard>}:changed      sorted set: userId → version of a change that clients were told of lately
 *   <prefix>:{p<shard>}:told         set of the users whom clients believe online
 *   <prefix>:{p<shard>}:sweep        hash: born → since when this shard has its memory; at → last sweep;
 *                                    from → no sweep declares anybody gone before; settled → the born of the memory
 *                                    that was last compared with MongoDB
 *   <prefix>:{p<shard>}:checkpoint   exists, with TTL, while no worker need write the online users' lastSeen
 */
export interface ShardKeys {
  userPrefix: string
  nodePrefix: string
  nodes: string
  seen: string
  deadlines: string
  dirty: string
  sighted: string
  outbox: string
  changed: string
  sweep: string
  told: string
  checkpoint: string
}

export class PresenceKeys {
  readonly shards: ShardKeys[]
  readonly #shardOf = new LRUCache<string, number>({ max: 100_000 })

  constructor(prefix: string, shardCount: number) {
    this.shards = Array.from({ length: shardCount }, (_, shard) => {
      const tag = `${prefix}:{p${shard}}`
      return {
        userPrefix: `${tag}:u:`,
        nodePrefix: `${tag}:n:`,
        nodes: `${tag}:nodes`,
        seen: `${tag}:seen`,
        deadlines: `${tag}:deadlines`,
        dirty: `${tag}:dirty`,
        sighted: `${tag}:sighted`,
        outbox: `${tag}:outbox`,
        changed: `${tag}:changed`,
        sweep: `${tag}:sweep`,
        told: `${tag}:told`,
        checkpoint: `${tag}:checkpoint`,
      }
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
