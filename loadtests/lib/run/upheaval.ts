import { Judge } from '../judge/judge.ts'
import { type Action, act } from './control.ts'
import { limit, whole } from './env.ts'
import { gatherPairs } from './gather.ts'
import { JudgedChat } from './judged-chat.ts'
import { metrics, metricsSink } from './metrics.ts'
import { atPace } from './pace.ts'
import { atOnceMs, concludePresence, leave, presenceJudge, watch } from './presence.ts'
import { reconcile } from './reconcile.ts'
import type { Run } from './run.ts'
import { alwaysRight, latencyThresholds, never, pairsThreshold, type Thresholds } from './thresholds.ts'
import { Turns } from './turns.ts'
import { eachOf, sleep, until } from './wait.ts'

/** Settings of a scenario that talks on while the cluster is changed. */
export function upheavalSettings({ users, ciUsers }: { users: number; ciUsers: number }) {
  return {
    users: whole('USERS', users, { least: 4, most: 9_000, ci: ciUsers }),
    /** Users that connect each second, all VUs together. */
    connectRate: whole('CONNECT_RATE', 50),
    /** Messages a second, all VUs together. */
    rate: whole('RATE', 100, { ci: 20 }),
    /** Seconds of quiet talk before, and after. */
    calm: whole('CALM', 10, { ci: 3 }),
    patienceMs: limit('PATIENCE_MS', 90_000, { loose: 120_000 }),
    /** Within which 95 of 100 who lost their connection are back. */
    reconnectMs: limit('RECONNECT_MS', 10_000, { loose: 60_000 }),
  }
}

export type UpheavalSettings = ReturnType<typeof upheavalSettings>

export function connectSecondsOf({ users, connectRate }: UpheavalSettings): number {
  return Math.ceil(users / connectRate) + 10
}

/** What must hold through it: what was lost live is found by asking, what failed is sent again, nobody is shown as gone. */
export function upheavalThresholds(settings: UpheavalSettings, leastLost: number): Thresholds {
  return {
    ...alwaysRight,
    ...pairsThreshold(),
    // What is sent while it happens is sent again until somebody takes it.
    ...latencyThresholds(10_000),
    ...never('connect_failures', 'action_failures'),
    ...never('presence_errors', 'presence_late', 'presence_flickers'),
    users_connected: [`count==${settings.users}`],
    users_back: [`count==${settings.users}`],
    // Without it nothing was done to the cluster, and nothing is proven.
    connections_lost: [`count>=${leastLost}`],
    reconnect_time: [`p(95)<${settings.reconnectMs}`],
  }
}

/** Everybody talks to somebody on another node, and goes on while it happens, until all are back. */
export async function talkThrough(run: Run, action: Action, settings: UpheavalSettings): Promise<void> {
  const { users, connectRate, rate, calm, patienceMs } = settings
  const presence = presenceJudge()
  const chat = new JudgedChat(new Judge(metricsSink), run.prefix, {
    retries: true,
    lossesExpected: true,
    presence,
  })
  const { crowd, pairs, direct } = await gatherPairs(chat, run.share(users), connectRate / run.vus, {})
  for (const { userId } of crowd) presence.becomes(userId, true, Date.now(), atOnceMs)
  await eachOf(pairs, 8, async ([a, b]) => {
    await watch(presence, a, [b.userId])
    await watch(presence, b, [a.userId])
  })
  await run.startTogether()

  let end = Number.POSITIVE_INFINITY
  const turns = new Turns(direct)
  const talking = atPace({ perSecond: rate / run.vus, until: () => end }, () => {
    const { channel, from } = turns.next()
    return chat.send(channel, from)
  })
  await sleep(calm * 1_000)
  await act(action).finally(() => {
    end = Date.now() + calm * 1_000
  })
  await talking

  await until(() => crowd.every(({ socket }) => socket.isConnected), patienceMs)
  metrics.usersBack.add(crowd.filter(({ socket }) => socket.isConnected).length)
  await reconcile(chat, { patienceMs, live: false })
  const asker = crowd.find(({ socket }) => socket.isConnected)
  if (asker) await concludePresence(presence, asker, atOnceMs)
  for (const user of crowd) leave(presence, user)
}
