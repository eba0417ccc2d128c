import { setTimeout as wait } from 'node:timers/promises'
import type { MembershipStore } from '@earshot/core/conversations/membership-store'
import type { Logger } from '@earshot/core/observability/logger'
import type { Realtime } from '@earshot/realtime'
import { rejoin } from './rejoin.ts'

/** Clients are told over this time, so that they do not all ask at once. */
const spreadMs = 2_000
const perStep = 50

/**
 * This node's subscription was gone for a moment, and pub/sub forgets. What was missed: messages, which clients find by
 * `sync`, and changes of membership, which are read again here.
 */
export async function afterResubscription(deps: {
  realtime: Realtime
  memberships: MembershipStore
  log: Logger
}): Promise<void> {
  const { io, subscriptions } = deps.realtime
  const sockets = [...io.sockets.sockets.values()]
  deps.log.warn(
    { sockets: sockets.length },
    'the subscription was lost for a moment, clients are told to sync',
  )
  deps.memberships.forgetAll()
  await subscriptions.settled()
  const steps = Math.ceil(sockets.length / perStep)
  for (let step = 0; step < steps; step++) {
    const some = sockets.slice(step * perStep, (step + 1) * perStep)
    await Promise.all(some.map((socket) => rejoin(socket, deps.memberships)))
    await subscriptions.settled()
    for (const socket of some) socket.emit('sync_required', { reason: 'the node was cut off for a moment' })
    if (step + 1 < steps) await wait(spreadMs / steps)
  }
}
