import type { LoadedConfig } from '@earshot/core/config/load'
import type { Logger } from '@earshot/core/observability/logger'
import { drainSockets } from './drain.ts'
import { createHttp } from './parts/http.ts'
import { createBasis, createParts } from './parts/parts.ts'
import { createSockets } from './parts/sockets.ts'
import { joinFirstWrites } from './realtime/first-writes.ts'
import { watchRequests } from './realtime/request-memory.ts'

export interface Gateway {
  /** The port it listens on. */
  port: number
  /** Leaves quietly: no new sockets, what is in flight finishes, clients are told to move. */
  close(): Promise<void>
}

/** Puts a gateway together: basis → parts → routes and sockets, and starts it. */
export async function startGateway(config: LoadedConfig, log: Logger): Promise<Gateway> {
  const basis = await createBasis(config, log)
  const parts = await createParts(basis)
  const { messaging, groups, presence } = parts
  const app = await createHttp(parts)
  const sockets = createSockets(parts)
  const { realtime, health } = basis

  realtime.io.attach(app.server)
  joinFirstWrites(realtime.io)
  watchRequests(realtime.io)
  sockets.listen()
  await presence.start()
  await groups.start()
  app.addHook('preClose', async () => {
    await realtime.io.close()
  })
  await app.listen({ port: config.PORT, host: config.HOST })
  messaging.start()
  sockets.start()
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  log.info({ port }, 'gateway is up')

  return {
    port,
    async close() {
      health.drain()
      await drainSockets(realtime.io, config.DRAIN_MS)
      await messaging.drained()
      sockets.stop()
      presence.stop()
      await groups.stop()
      await messaging.stop()
      await presence.settle()
      await app.close()
      await presence.close()
      await messaging.close()
      await basis.close()
      log.info('gateway is down')
    },
  }
}
