import type { LoadedConfig } from '@earshot/core/config/load'
import { allQueueNames } from '@earshot/core/jobs/queue-names'
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { addBoard } from './board.ts'
import { createOperationServer } from './operation-server.ts'
import { createBasis } from './parts/basis.ts'
import { createConversations } from './parts/conversations.ts'
import { createQueues, startJobs } from './parts/jobs.ts'
import { createLegacy } from './parts/legacy.ts'
import { createMedia } from './parts/media.ts'
import { createPresence } from './parts/presence.ts'

export interface WorkerProcess {
  /** The port of its health and metrics. */
  port: number
  /** Finishes what is under way, writes what waits, then ends. */
  close(): Promise<void>
}

/** Puts a worker together: basis → what it repeats → what it takes from the queues, and starts it. */
export async function startWorker(config: LoadedConfig, log: Logger): Promise<WorkerProcess> {
  const basis = await createBasis(config, log)
  const { connected, metrics, prefix } = basis
  const presence = createPresence(basis)
  const queues = createQueues(basis)
  const media = createMedia(basis, queues.voice)
  const conversations = createConversations(basis, media, queues.onHeads)
  const legacy = createLegacy(basis, conversations.membershipChanges)
  const intervals = [queues, presence, conversations, media, legacy].flatMap((part) => part.intervals)

  const health = new Health({
    redis: () => connected.redis.ping(),
    mongodb: () => connected.db.command({ ping: 1 }),
  })
  const server = createOperationServer({ health, metrics })
  const { BOARD_PASSWORD: password } = config
  if (password) await addBoard(server, connected.producer, { prefix, queues: allQueueNames, password })

  const jobs = await startJobs(basis, queues, conversations.marks)
  await server.listen({ port: config.PORT, host: config.HOST })
  await presence.start()
  for (const interval of intervals) interval.start()
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  log.info({ port }, 'worker is up')

  return {
    port,
    async close() {
      health.drain()
      await jobs.close()
      legacy.stop()
      for (const interval of intervals) await interval.stop()
      // What MongoDB does not take now stays in Redis, for the next worker.
      for (const flush of [presence.flush, ...conversations.flushes])
        await flush().catch((err: unknown) => log.warn({ err }, 'a flush before leaving'))
      await server.close()
      await presence.close()
      await queues.close()
      await basis.close()
      log.info('worker is down')
    },
  }
}
