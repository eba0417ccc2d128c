import { createGroup } from '../earshot/http.ts'
import type { EarshotUser } from '../earshot/user.ts'
import { type CrowdOptions, connectQuietly } from './crowd.ts'
import { target } from './env.ts'
import type { Channel, JudgedChat } from './judged-chat.ts'
import { metrics } from './metrics.ts'
import { pairsAcrossNodes } from './pairs.ts'
import { eachOf, tryAgain } from './wait.ts'

export interface Gathered {
  crowd: EarshotUser[]
  /** Everybody is in one, the other end on another node. */
  pairs: [EarshotUser, EarshotUser][]
}

/** So many users come, at so many a second, and each has a partner on another node. */
export async function gather(
  chat: JudgedChat,
  users: number,
  perSecond: number,
  options?: CrowdOptions,
): Promise<Gathered> {
  const those = Array.from({ length: users }, () => chat.addUser(options))
  const crowd = await connectQuietly(those, perSecond)
  const pairs = pairsAcrossNodes(crowd)
  for (const [a, b] of pairs) metrics.pairsAcrossNodes.add(a.node !== b.node)
  return { crowd, pairs }
}

/** The same, and partners have a conversation. */
export async function gatherPairs(
  chat: JudgedChat,
  users: number,
  perSecond: number,
  options?: CrowdOptions,
): Promise<Gathered & { direct: Channel[] }> {
  const gathered = await gather(chat, users, perSecond, options)
  return { ...gathered, direct: gathered.pairs.map(([a, b]) => chat.direct(a, b)) }
}

/** Everybody who has a partner, once, side by side with them. */
export function inPairs(pairs: Gathered['pairs']): EarshotUser[] {
  return [...new Set(pairs.flat())]
}

/** Groups of this size, over the nodes when the members come in pairs across them. What is left over makes a smaller one. */
export async function makeGroups(
  chat: JudgedChat,
  members: readonly EarshotUser[],
  size: number,
  atOnce = 2,
): Promise<Channel[]> {
  const groups: Channel[] = []
  const parts = Array.from({ length: Math.ceil(members.length / size) }, (_, i) =>
    members.slice(i * size, (i + 1) * size),
  )
  await eachOf(parts, atOnce, async ([owner, ...others]) => {
    if (!owner || others.length === 0) return
    const memberIds = others.map(({ userId }) => userId)
    // Making groups is not what is judged here; that it had to be tried again shows in http_req_failed.
    const { _id } = await tryAgain(3, () => createGroup({ target, token: owner.token }, 'Load', memberIds))
    groups.push(chat.group(_id, [owner, ...others]))
  })
  return groups
}
