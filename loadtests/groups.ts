/**
 * Groups, large and many: in each VU one group of everybody and many small ones, all talking; meanwhile members are removed
 * and added, and who is out hears nothing.
 */
import { addMember, removeMember } from './lib/earshot/http.ts'
import type { EarshotUser } from './lib/earshot/user.ts'
import { Judge } from './lib/judge/judge.ts'
import { limit, target, whole } from './lib/run/env.ts'
import { gather, inPairs, makeGroups } from './lib/run/gather.ts'
import { type Channel, JudgedChat } from './lib/run/judged-chat.ts'
import { countFault, metrics, metricsSink } from './lib/run/metrics.ts'
import { atPace } from './lib/run/pace.ts'
import { reconcile } from './lib/run/reconcile.ts'
import { scenario } from './lib/run/scenario.ts'
import { latencyThresholds, never, noFaults, pairsThreshold } from './lib/run/thresholds.ts'
import { Turns } from './lib/run/turns.ts'
import { sleep, until } from './lib/run/wait.ts'

/** Of one large group: as many users as a VU has. */
const largeSize = whole('LARGE_SIZE', 500, { least: 8, most: 5_000, ci: 60 })
const large = whole('LARGE', 2, { most: 50 })
/** Small groups, in all. */
const groups = whole('GROUPS', 200, { least: 2, most: 5_000, ci: 20 })
const groupSize = whole('GROUP_SIZE', 8, { least: 3, most: 100 })
/** Messages a second into the large groups, and into the small ones, in all. */
const largeRate = whole('LARGE_RATE', 4, { most: 1_000, ci: 2 })
const rate = whole('RATE', 40, { most: 5_000, ci: 20 })
const duration = whole('DURATION', 60, { most: 86_400, ci: 10 })
const connectRate = whole('CONNECT_RATE', 50)
const patienceMs = limit('PATIENCE_MS', 60_000, { loose: 120_000 })
const users = largeSize * large
const changeEveryMs = 1_000
/** The contract's. */
const leaveGraceMs = 1_000
const connectSeconds = Math.ceil(users / connectRate) + Math.ceil(groups / 20) + 10

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'groups',
    users,
    usersPerVu: largeSize,
    connectSeconds,
    maxSeconds: connectSeconds + duration + 30 + Math.ceil((patienceMs * 4) / 1_000),
    thresholds: {
      ...noFaults,
      ...pairsThreshold(),
      ...never('action_failures'),
      ...latencyThresholds(5_000),
      users_connected: [`count==${users}`],
      membership_changes: ['count>=2'],
    },
  },
  async (run) => {
    const chat = new JudgedChat(new Judge(metricsSink), run.prefix)
    const { pairs } = await gather(chat, run.share(users), connectRate / run.vus)
    const crowd = inPairs(pairs)
    const everybody = await makeGroups(chat, crowd, crowd.length)
    const small = await makeGroups(chat, rotations(crowd, run.share(groups) * groupSize), groupSize)
    await run.startTogether()
    const end = Date.now() + duration * 1_000
    const talk = (channels: readonly Channel[], perSecond: number) => {
      const turns = new Turns(channels)
      return atPace({ perSecond: perSecond / run.vus, until: () => end }, () => {
        const { channel, from } = turns.next()
        return chat.send(channel, from)
      })
    }
    // One small group is kept for changes of membership: nobody else talks in it.
    const [changing, ...talking] = small
    await Promise.all([
      talk(everybody, largeRate),
      talk(talking, rate),
      changing && comeAndGo(chat, changing, end),
    ])
    await reconcile(chat, { patienceMs })
  },
)

/** Everybody in turn, as often as it takes, and a step on each time, so that the groups are others. */
function rotations(crowd: readonly EarshotUser[], places: number): EarshotUser[] {
  return Array.from({ length: places }, (_, i) => {
    const round = Math.floor(i / crowd.length)
    return crowd[(i + round) % crowd.length] as EarshotUser
  })
}

/**
 * Removes the last member and adds them again, over and over, with talk before, between and after. It is still when a change
 * is made: what is under way at that moment might be heard or not.
 */
async function comeAndGo(chat: JudgedChat, channel: Channel, end: number): Promise<void> {
  const { groupId = '', members, stream } = channel
  const [owner, second] = members
  const guest = members.at(-1)
  if (!owner || !second || !guest) return
  const as = { target, token: owner.token }
  const say = async () => {
    const ids = await Promise.all([chat.send(channel, owner), chat.send(channel, second)])
    await until(() => ids.every((id) => chat.judge.isHeardByAll(id)), patienceMs)
  }
  const change = async (what: () => Promise<void>) => {
    try {
      await what()
      metrics.membershipChanges.add(1)
    } catch (error) {
      countFault(metrics.actionFailures, 'action_failures', String(error))
    }
  }
  while (Date.now() < end) {
    await say()
    await change(async () => {
      await removeMember(as, groupId, guest.userId)
      stream.leave(guest.device, Date.now())
      members.pop()
    })
    // From then on: what is said within a second of leaving may still be heard.
    await sleep(leaveGraceMs + 50)
    await say()
    await change(async () => {
      await addMember(as, groupId, guest.userId)
      stream.join(guest.device, Date.now())
      members.push(guest)
    })
    await until(() => Date.now() >= end, changeEveryMs)
  }
  await say()
}

export { handleSummary, options, setup }
export default main
