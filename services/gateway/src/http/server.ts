import { randomUUID } from 'node:crypto'
import type { Logger } from '@earshot/core/observability/logger'
import { CodedError } from '@earshot/protocol'
import cors from '@fastify/cors'
import swagger from '@fastify/swagger'
import Fastify, { LogController } from 'fastify'
import type { App } from './app-type.ts'
import { asyncApi, docsPage, title, version } from './docs.ts'
import { refuseBrokenRequest, sendError } from './errors.ts'
import type { OriginPolicy } from './origins.ts'
import { validatorCompiler } from './validation.ts'

/** Fastify with what every route shares: checks, errors, correlation ids, cross-origin rules, the contract. */
export async function createHttpServer(deps: { log: Logger; origins: OriginPolicy }): Promise<App> {
  const app = Fastify({
    // A line for each request is the balancer's to write. With a logger of its own Fastify makes a child of it, and listens for
    // the end, for each request: a good part of what a poll costs.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: () => deps.log,
    genReqId: () => randomUUID(),
    bodyLimit: 1_000_000,
    trustProxy: true,
    // A parameter that is too long is refused by its schema, which names it. Node takes no longer URL than this.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: sendError,
    clientErrorHandler: refuseBrokenRequest,
    // Every body has a closed schema, which refuses these keys too, and names them.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  }).setValidatorCompiler(validatorCompiler) as unknown as App
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('identity', null)
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((_request, reply) => {
    const error = new CodedError('NOT_FOUND', 'There is nothing here.')
    return reply.code(404).send({ error: error.toWire() })
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('x-correlation-id', request.id)
    done()
  })
  const allowed = deps.origins.forCors()
  await app.register(cors, {
    // Who names no origin is no page of another one: such an answer needs none of these headers.
    origin: (origin, done) => done(null, origin === undefined ? false : allowed),
    exposedHeaders: [
      ...['etag', 'retry-after', 'x-correlation-id', 'content-disposition', 'content-range'],
      // Of resumable uploads.
      ...['location', 'media-id', 'tus-resumable', 'tus-version', 'tus-extension', 'tus-max-size'],
      ...['upload-offset', 'upload-length', 'upload-expires', 'upload-metadata'],
    ],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  })
  app.get('/docs', { schema: { hide: true } }, (_request, reply) => reply.type('text/html').send(docsPage))
  app.get('/docs/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/docs/asyncapi.json', { schema: { hide: true } }, async () => asyncApi())
  return app
}
