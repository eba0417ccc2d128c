import { listConversations, newestMessages } from '../earshot/http.ts'
import type { EarshotUser } from '../earshot/user.ts'
import { DisconnectedError } from '../socketio/index.ts'
import { type Clip, makeClips } from './clips.ts'
import { target } from './env.ts'
import type { Channel, JudgedChat } from './judged-chat.ts'
import { countFault, metrics } from './metrics.ts'
import { atPace, type Pace } from './pace.ts'
import { Turns } from './turns.ts'
import type { VoiceCheck } from './voice-check.ts'

/** What people do, of a hundred things that they do. */
const shares = { text: 50, group: 15, voice: 3, typing: 12, read: 10, history: 5, list: 3, drop: 2 }
type Doing = keyof typeof shares

const clipCount = 4
const clipBytes = 30_000

export interface DayOptions {
  chat: JudgedChat
  voice: VoiceCheck
  direct: readonly Channel[]
  groups: readonly Channel[]
}

/** What people do in a day, at a pace: they write, talk, type, read, look things up, and lose their connection. */
export async function day({ chat, voice, direct, groups }: DayOptions, pace: Pace): Promise<void> {
  const clips = makeClips(clipCount, clipBytes)
  const drawn = draws()
  const pairs = new Turns(direct)
  const gatherings = groups.length > 0 ? new Turns(groups) : pairs
  const all = new Turns([...direct, ...groups])
  await atPace(pace, async (i) => {
    const doing = drawn()
    const { channel, from } = (doing === 'group' ? gatherings : pairs).next()
    metrics.actions.add(1, { doing })
    if (doing === 'text' || doing === 'group') await chat.send(channel, from)
    else if (doing === 'voice') await voice.send(chat, channel, from, clips[i % clipCount] as Clip)
    else await orCount(doing, () => doElse(doing, all.next().channel, from))
  })
}

async function doElse(doing: Doing, channel: Channel, from: EarshotUser): Promise<void> {
  const { stream, members, groupId } = channel
  const as = { target, token: from.token }
  if (doing === 'typing') {
    const to = members.find((member) => member !== from) ?? from
    const whom = groupId === undefined || !members.includes(from) ? { recipientId: to.userId } : { groupId }
    if (from.socket.isConnected) await from.request('typing', { ...whom, isTyping: true })
  } else if (doing === 'read') await readAll(from)
  else if (doing === 'list') await listConversations(as)
  else if (doing === 'drop') from.socket.drop()
  else if (stream.conversationId !== undefined && members.includes(from))
    await newestMessages(as, stream.conversationId)
}

/** Marks as read all that a user has of each conversation. */
export async function readAll(user: EarshotUser): Promise<void> {
  for (const [conversationId, seq] of Object.entries(user.positions.all())) {
    if (seq > 0 && user.socket.isConnected) await user.request('message_read', { conversationId, seq })
  }
}

/** One who loses the connection in the middle of it is no failure of the server. */
async function orCount(doing: Doing, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof DisconnectedError))
      countFault(metrics.actionFailures, 'action_failures', `${doing}: ${error}`)
  }
}

/** In any order, but of a hundred draws each its share: in a short day nothing is left to luck. */
function draws(): () => Doing {
  const deck: Doing[] = []
  return () => {
    if (deck.length === 0)
      for (const [doing, share] of Object.entries(shares) as [Doing, number][])
        deck.push(...Array.from({ length: share }, () => doing))
    return deck.splice(Math.floor(Math.random() * deck.length), 1)[0] ?? 'text'
  }
}
