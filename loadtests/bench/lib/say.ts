import { setTimeout as wait } from 'node:timers/promises'
import type { Contestant } from './contest.ts'
import { checkWhole, type Sample } from './contest-table.ts'
import type { Talked, TalkOrder } from './crowd/orders.ts'
import { measure } from './meter.ts'

/** What the worker still carries to MongoDB, of what was said, belongs to it. */
const settleMs = 1_500

/**
 * Measures what it costs a program that its crowd talks.
 * @param deliveries that the messages make; one each unless given
 * @throws {Error} when something is lost, doubled or altered
 */
export async function say(
  { name, servers, crowd }: Contestant,
  order: Omit<TalkOrder, 'run'>,
  deliveries?: number,
): Promise<Sample> {
  let talked: Talked | undefined
  const cost = await measure(servers, order.messages, async () => {
    talked = await crowd.talk(order)
    await wait(settleMs)
  })
  if (!talked) throw new Error('nothing was said')
  checkWhole(talked, deliveries)
  return { name, kind: order.kind, cost, talked }
}
