import { sendLong } from '@earshot/core/clients/long-command'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { Outage } from '@earshot/core/observability/outage'
import type { Redis } from 'ioredis'
import { GatheredPublish } from './gathered-publish.ts'

/** Channels that are remembered; who is beyond them finds out by a gap in the numbers, or when they connect again. */
const maxMissed = 10_000

/**
 * The adapter lets failures of `publish` go uncaught, which would end the process. While Redis is away local delivery
 * goes on; what remote clients missed they find by `sync`. Their own nodes tell them to where it is their subscription that was
 * lost; where it was this node's connection alone, this node does, as soon as it can. `published` resolves when Redis has all that was
 * published, or could not take it.
 * @param deps.askToSync called for each channel on which something was not told, when there is a connection again
 */
export function surviveOutages(
  publisher: Redis,
  deps: { metrics: Metrics; log: Logger; askToSync: (channel: string) => void },
) {
  const outage = new Outage(deps.log, 'publishing to other nodes')
  let missed = new Set<string>()
  const survived = async (
    answer: Promise<unknown>,
    channels: () => string[] = () => [],
  ): Promise<unknown> => {
    try {
      const receivers = await answer
      outage.worked()
      return receivers
    } catch (err) {
      deps.metrics.publishFailures.inc()
      outage.failed(err)
      for (const channel of channels()) if (missed.size < maxMissed) missed.add(channel)
      return 0
    }
  }
  publisher.on('ready', () => {
    const channels = missed
    // What fails again is missed again.
    missed = new Set()
    for (const channel of channels) deps.askToSync(channel)
  })
  const publish = publisher.spublish.bind(publisher) as (
    channel: string,
    message: string | Buffer,
  ) => Promise<number>
  const gathered = new GatheredPublish(publisher, survived)
  // Answered in the order of the calls, whichever way they go: when the last is, all are.
  let last: Promise<unknown> = Promise.resolve()
  const followed = (channel: string, message: string | Buffer) => {
    gathered.flush()
    last = survived(publish(channel, message))
    return last
  }
  const tell = (channel: string, head: string, text: string | Buffer) => {
    // What is long shares no call: scripts take longer over what they are given than the call costs.
    if (Buffer.isBuffer(text)) {
      gathered.flush()
      last = survived(sendLong(publisher, 'spublish', [channel], [Buffer.from(head), text]), () => [channel])
    } else last = gathered.publish(channel, head, text)
  }
  publisher.spublish = followed as typeof publisher.spublish
  return { tell, published: () => last }
}
