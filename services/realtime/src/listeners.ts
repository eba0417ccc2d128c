import { Gatherer } from '@earshot/core/gatherer'
import { inTime } from '@earshot/core/in-time'
import type { Redis } from 'ioredis'
import type { Hearing } from './hearing.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Longer than Redis takes that is there. */
const answerMs = 1_000

/**
 * Where rooms are listened to, so that what is long does not go to Redis, and from there back, for nobody. Asked on the connection
 * that this node listens on: whatever answers there counts this node among the listeners of its rooms, as long as the
 * connection was not lost in between.
 */
export class Listeners {
  readonly #subscriber: Redis
  readonly #subscriptions: Pick<Subscriptions, 'flush'>
  readonly #hearing: Pick<Hearing, 'isCurrent' | 'isDeaf' | 'losses'>
  readonly #channelOf: (room: string) => string
  readonly #isHeld: (room: string) => boolean
  readonly #asked = new Gatherer<string, boolean>((rooms) => this.#ask(rooms), true)

  constructor(deps: {
    subscriber: Redis
    subscriptions: Pick<Subscriptions, 'flush'>
    hearing: Pick<Hearing, 'isCurrent' | 'isDeaf' | 'losses'>
    channelOf: (room: string) => string
    /** Whether this node listens to a room. */
    isHeld: (room: string) => boolean
  }) {
    this.#subscriber = deps.subscriber
    this.#subscriptions = deps.subscriptions
    this.#hearing = deps.hearing
    this.#channelOf = deps.channelOf
    this.#isHeld = deps.isHeld
  }

  /** Whether other nodes listen to the room, at some moment after this call. In doubt they do. Never rejects. */
  async elsewhere(room: string): Promise<boolean> {
    // Not asked where it may take long to be answered.
    return !this.#hearing.isCurrent || this.#asked.ask(room).catch(() => true)
  }

  async #ask(rooms: string[]): Promise<Map<string, boolean>> {
    const { losses, isDeaf } = this.#hearing
    if (isDeaf) return new Map()
    // What is asked here comes after all subscriptions that these rooms have led to: Redis counts this node for each that it holds.
    this.#subscriptions.flush()
    const own = rooms.map((room) => (this.#isHeld(room) ? 1 : 0))
    const channels = rooms.map(this.#channelOf)
    const answer = (await inTime(this.#subscriber.call('PUBSUB', 'SHARDNUMSUB', ...channels), answerMs)) as (
      | string
      | number
    )[]
    if (this.#hearing.isDeaf || this.#hearing.losses !== losses) return new Map()
    // Fewer than this node knows of make the answer doubtful, as does none.
    return new Map(rooms.map((room, i) => [room, Number(answer[2 * i + 1]) !== own[i]]))
  }
}
