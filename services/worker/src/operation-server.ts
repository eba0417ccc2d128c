import type { Health } from '@earshot/core/observability/health'
import type { Metrics } from '@earshot/core/observability/metrics'
import Fastify, { type FastifyInstance } from 'fastify'

/** Health and metrics of a process that serves nobody else. */
export function createOperationServer(deps: { health: Health; metrics: Metrics }): FastifyInstance {
  const app = Fastify()
  app.get('/healthz', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    const report = await deps.health.report()
    return reply.code(report.ready ? 200 : 503).send(report)
  })
  app.get('/metrics', async (_request, reply) => {
    return reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics())
  })
  return app
}
