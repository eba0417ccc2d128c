import type { MediaService } from '@earshot/core/media/media-service'
import { CodedError } from '@earshot/protocol'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { identityOf } from '../authenticate.ts'
import { parseRange } from '../range.ts'

const MediaParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })

/** Audio and files, for those who may read a message that carries them. */
export function mediaRoutes(
  app: App,
  deps: { media: MediaService; authenticate: (request: FastifyRequest) => Promise<void> },
): void {
  app.addHook('onRequest', deps.authenticate)

  app.get('/media/:id', { schema: { tags: ['media'], params: MediaParams } }, async (request, reply) => {
    const media = await deps.media.open(identityOf(request).userId, request.params.id)
    const etag = `"${media.sha256}"`
    reply
      .header('etag', etag)
      .header('accept-ranges', 'bytes')
      // What an id names never changes; who may read it does.
      .header('cache-control', 'private, no-cache')
      .header('content-disposition', 'inline')
      .header('x-content-type-options', 'nosniff')
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    const range = parseRange(request.headers.range, media.size)
    if (range === 'unsatisfiable') {
      reply.header('content-range', `bytes */${media.size}`).code(416)
      return { error: new CodedError('BAD_REQUEST', 'There is no such range.', { field: 'range' }).toWire() }
    }
    reply.type(media.mimeType)
    if (!range) return reply.header('content-length', media.size).send(media.read())
    return reply
      .code(206)
      .header('content-length', range.end - range.start + 1)
      .header('content-range', `bytes ${range.start}-${range.end}/${media.size}`)
      .send(media.read(range))
  })
}
