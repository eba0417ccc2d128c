import type { EarshotUser } from '../earshot/user.ts'
import type { Missing } from '../judge/judge.ts'
import { type Channel, heardOf, type JudgedChat } from './judged-chat.ts'
import { countFault, metrics } from './metrics.ts'
import { eachOf, tryAgain, until } from './wait.ts'

export interface ReconcileOptions {
  /** Milliseconds that acknowledgements and last deliveries may take, each. */
  patienceMs?: number
  /** Whether a message must come by itself; false when nodes are killed, then asking for it is part of the game. */
  live?: boolean
}

/** Requests for history at once, by VU. */
const historiesAtOnce = 8

/**
 * The end of a run: all that was sent has arrived or should have; then everybody asks for what they miss, and the
 * whole history is read once.
 */
export async function reconcile(chat: JudgedChat, options: ReconcileOptions = {}): Promise<void> {
  await settle(chat, chat.channels, options)
  await conclude(chat, options)
}

/**
 * Waits for what is on its way, for a bounded time: for answers first; then each who spoke in a conversation says one
 * last thing there, and when that has arrived, all before it should have.
 */
export async function settle(
  chat: JudgedChat,
  channels: readonly Channel[],
  { patienceMs = 20_000 }: ReconcileOptions = {},
): Promise<void> {
  const { judge } = chat
  await until(() => judge.waitingForAck === 0, patienceMs)
  const last = channels.flatMap((channel) => speakers(channel).map((user) => chat.send(channel, user)))
  let open = await Promise.all(last)
  await until(() => {
    open = open.filter((id) => !judge.isHeardByAll(id))
    return open.length === 0
  }, patienceMs)
}

/** Asks for what is missing, compares the histories, and lets the judge say what is lost. */
export async function conclude(chat: JudgedChat, { live = true }: ReconcileOptions = {}): Promise<void> {
  const unasked = await askForMissing(chat)
  await eachOf(chat.channels, historiesAtOnce, (channel) => readHistory(chat, channel))
  chat.judge.conclude({ live, unasked })
}

/** Those who have said something in it; in a silent one the first, so that it has a last message as well. */
function speakers({ members, stream }: Channel): EarshotUser[] {
  const devices = new Set(stream.sent.map(({ sender }) => sender))
  const those = members.filter(({ device, socket }) => devices.has(device) && socket.isConnected)
  return those.length > 0 ? those : members.slice(0, 1)
}

/** Gives those who got no answer. */
async function askForMissing(chat: JudgedChat): Promise<Missing[]> {
  const byDevice = new Map(chat.users.map((user) => [user.device, user]))
  const unasked: Missing[] = []
  await eachOf(chat.judge.missing(), historiesAtOnce, async (missing) => {
    const { device, stream } = missing
    const user = byDevice.get(device)
    if (!user || stream.conversationId === undefined) return
    const isAsked = await orShow(`sync of ${device}`, async () => {
      if (!user.socket.isConnected) await user.connect()
      for (const message of await user.history(stream.conversationId as string)) {
        chat.judge.heard(device, heardOf(message), Date.now(), 'sync')
      }
    })
    if (!isAsked) unasked.push(missing)
  })
  return unasked
}

async function readHistory({ judge }: JudgedChat, { members, stream }: Channel): Promise<void> {
  const { conversationId } = stream
  const reader = members.find(({ socket }) => socket.isConnected)
  // Without an acknowledgement there is nothing that must be there; with nobody to ask, the others have failed too.
  if (conversationId === undefined) return
  await orShow(`history of ${stream.name}`, async () => {
    if (!reader) throw new Error('nobody in it is connected')
    judge.history(stream, (await reader.history(conversationId)).map(heardOf))
    metrics.historiesRead.add(1)
  })
}

/** Whether it worked, at the second attempt if not at the first. */
async function orShow(what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await tryAgain(1, work)
    return true
  } catch (error) {
    countFault(metrics.historyFailures, what, String(error))
    return false
  }
}
