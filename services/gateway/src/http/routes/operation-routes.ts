import type { Health } from '@earshot/core/observability/health'
import type { Metrics } from '@earshot/core/observability/metrics'
import { Limits } from '@earshot/protocol'
import type { App } from '../app-type.ts'

/** For balancers, operators and client developers. */
export function operationRoutes(app: App, deps: { health: Health; metrics: Metrics; limits: Limits }): void {
  app.get('/healthz', { schema: { tags: ['operation'] } }, async () => ({ status: 'alive' }))

  app.get('/readyz', { schema: { tags: ['operation'] } }, async (_request, reply) => {
    const report = await deps.health.report()
    return reply.code(report.ready ? 200 : 503).send(report)
  })

  app.get('/metrics', { schema: { tags: ['operation'] } }, async (_request, reply) => {
    return reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics())
  })

  app.get('/limits', { schema: { tags: ['operation'], response: { 200: Limits } } }, async () => deps.limits)
}
