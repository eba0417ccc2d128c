/**
 * Redis keys of values that wait for MongoDB. All of one shard carry the same hash tag, so that a script stays in one slot.
 *
 *   <prefix>:{<kind><shard>}:dirty     sorted set: id → version. The version is the time of the last change by Redis'
 *                                      clock, µs, and grows with each
 *   <prefix>:{<kind><shard>}:owners    sorted set, all scores 0: "<length of owner>:<owner>:<id>" of what is dirty
 *   <prefix>:{<kind><shard>}:e:<id>    hash: field → rank, and "<field>:" → what came with it
 */
export interface ShardKeys {
  dirty: string
  owners: string
  entryPrefix: string
}

export class WriteBehindKeys {
  readonly shards: ShardKeys[]

  constructor(prefix: string, kind: string, shardCount: number) {
    this.shards = Array.from({ length: shardCount }, (_, shard) => {
      const tag = `${prefix}:{${kind}${shard}}`
      return { dirty: `${tag}:dirty`, owners: `${tag}:owners`, entryPrefix: `${tag}:e:` }
    })
  }

  of(shard: number): ShardKeys {
    const keys = this.shards[shard]
    if (!keys) throw new RangeError(`no shard ${shard}`)
    return keys
  }

  /** FNV-1a (Fowler, Noll, Vo), 32 bits, over UTF-16 units. */
  shardOf(place: string): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < place.length; i++) hash = Math.imul(hash ^ place.charCodeAt(i), 0x01000193)
    return (hash >>> 0) % this.shards.length
  }
}

/** What the members of `owners` that belong to an owner begin with. */
export function ownedPrefix(owner: string): string {
  return `${owner.length}:${owner}:`
}
