import type { GroupPresence } from '@earshot/protocol'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import { isOpen, openRules } from '../visibility/rules.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { PresenceKeys } from './keys.ts'

/** Who is in a group is read again after so many counts. */
const countsOfMembers = 3
/** Members of all groups that are remembered. */
const membersRemembered = 500_000

/**
 * How many of large groups are online. Only groups that somebody watches are counted, now and then, by one process: the
 * cost follows what is watched, not what changes. Counted are those who show themselves to everyone; a count of others
 * would tell of them to whoever knows the rest.
 *
 *   <prefix>:{headcount}:watched   sorted set: groupId → until when somebody watches it, ms by Redis' clock
 *   <prefix>:{headcount}:counts    hash: groupId → "<online>|<members>|<version>"
 *   <prefix>:{headcount}:counter   the process that counts, with TTL
 */
export class Headcounts {
  readonly #redis: Redis
  readonly #shards: PresenceKeys
  readonly #memberships: MembershipStore
  readonly #visibility: Visibility
  readonly #largeFrom: number
  readonly #keys: { watched: string; counts: string; counter: string }
  readonly #note: ScriptCall
  readonly #watch: ScriptCall
  readonly #members: LRUCache<string, string[]>

  constructor(deps: {
    redis: Redis
    prefix: string
    shards: PresenceKeys
    memberships: MembershipStore
    visibility: Visibility
    /** Members of a group that is counted; who is in a smaller one is always read. */
    largeFrom: number
    /** How often groups are counted. */
    everyMs: number
  }) {
    this.#redis = deps.redis
    this.#shards = deps.shards
    this.#memberships = deps.memberships
    this.#visibility = deps.visibility
    this.#largeFrom = deps.largeFrom
    this.#members = new LRUCache({
      maxSize: membersRemembered,
      sizeCalculation: (members) => members.length + 1,
      ttl: countsOfMembers * deps.everyMs,
    })
    const tag = `${deps.prefix}:{headcount}`
    this.#keys = { watched: `${tag}:watched`, counts: `${tag}:counts`, counter: `${tag}:counter` }
    const script = (name: string) =>
      defineScript(deps.redis, `headcount_${name}`, new URL(`./lua/headcount-${name}.lua`, import.meta.url))
    this.#note = script('note')
    this.#watch = script('watch')
  }

  /** Ids of a group's members. */
  async members(groupId: string): Promise<string[]> {
    const known = this.#members.get(groupId)
    if (known) return known
    const members = (await this.#memberships.members(groupId)).map(({ userId }) => userId)
    if (members.length >= this.#largeFrom) this.#members.set(groupId, members)
    return members
  }

  /** Somebody watches these groups for so long from now on. */
  async watch(groupIds: string[], forMs: number): Promise<void> {
    if (groupIds.length > 0) await this.#watch([this.#keys.watched], [forMs, ...groupIds])
  }

  /** Groups that somebody watches. What is known of the others is dropped. */
  async watched(): Promise<string[]> {
    const [watched, dropped] = (await this.#watch([this.#keys.watched], [0])) as [string[], string[]]
    if (dropped.length > 0) await this.#redis.hdel(this.#keys.counts, ...dropped)
    return watched
  }

  /** Whether this process is the one that counts, for so long from now on. */
  async claim(process: string, forMs: number): Promise<boolean> {
    const { counter } = this.#keys
    if ((await this.#redis.set(counter, process, 'PX', forMs, 'NX')) === 'OK') return true
    if ((await this.#redis.get(counter)) !== process) return false
    await this.#redis.pexpire(counter, forMs)
    return true
  }

  /** The last count, or a first one. */
  async of(groupId: string): Promise<GroupPresence> {
    const known = await this.#redis.hget(this.#keys.counts, groupId)
    return known === null ? (await this.count(groupId)).presence : parse(groupId, known)
  }

  /** Counts, and tells whether it is another count than the last one. */
  async count(groupId: string): Promise<{ presence: GroupPresence; isNews: boolean }> {
    const members = await this.members(groupId)
    const rules = await this.#visibility.rulesOfEach(members)
    const open = members.filter((userId) => isOpen(rules.get(userId) ?? openRules))
    const online = await this.#online(open)
    const answer = await this.#note([this.#keys.counts], [groupId, online, members.length])
    const [isNews, value] = answer as [number, string]
    return { presence: parse(groupId, value), isNews: isNews === 1 }
  }

  async #online(userIds: string[]): Promise<number> {
    const byShard = Map.groupBy(userIds, (userId) => this.#shards.shardOf(userId))
    const counts = await Promise.all(
      [...byShard].map(async ([shard, users]) => {
        const deadlines = await this.#redis.zmscore(this.#shards.of(shard).deadlines, users)
        return deadlines.filter((deadline) => deadline !== null).length
      }),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }
}

function parse(groupId: string, value: string): GroupPresence {
  const [onlineCount = 0, memberCount = 0, version = 0] = value.split('|').map(Number)
  return { groupId, onlineCount, memberCount, version }
}
