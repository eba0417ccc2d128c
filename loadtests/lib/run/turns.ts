import type { EarshotUser } from '../earshot/user.ts'
import type { Channel } from './judged-chat.ts'

/** Whose turn it is: all channels one after the other, and in each the member who has had the fewest turns so far, in any of them. */
export class Turns<C extends Pick<Channel, 'members'> = Channel> {
  readonly #channels: readonly C[]
  readonly #had = new Map<EarshotUser, number>()
  #next = 0

  /** Channels that come to the list later take part. */
  constructor(channels: readonly C[]) {
    this.#channels = channels
  }

  /**
   * A user may be in many channels, as one whose node has few others is when all want a partner from elsewhere: going
   * by the channel alone, they would soon send more than a user may.
   */
  next(): { channel: C; from: EarshotUser } {
    const channel = this.#channels[this.#next++ % this.#channels.length]
    const [first, ...others] = channel?.members ?? []
    if (!channel || !first) throw new Error('nobody to talk to')
    const from = others.reduce(
      (least, one) => (this.#turnsOf(one) < this.#turnsOf(least) ? one : least),
      first,
    )
    this.#had.set(from, this.#turnsOf(from) + 1)
    return { channel, from }
  }

  #turnsOf(user: EarshotUser): number {
    return this.#had.get(user) ?? 0
  }
}
