import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Media, MediaService } from '@earshot/core/media/media-service'
import type { MediaSignature, MediaSigner } from '@earshot/core/media/media-signer'
import { CodedError, closed, Id, MediaRecord, plainText, SignedMediaUrl, UserId } from '@earshot/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'
import { contentDisposition } from '../content-disposition.ts'
import { matchesEtag, parseRange } from '../range.ts'

const MediaParams = Type.Object({ id: Id })
const MediaQuery = Type.Object(
  {
    user: Type.Optional(UserId),
    expires: Type.Optional(plainText({ maxLength: 256 })),
    signature: Type.Optional(
      plainText({ maxLength: 256, description: 'With the other two, of a signed URL.' }),
    ),
    download: Type.Optional(
      plainText({ maxLength: 256, description: 'Given, with whatever value: to be saved, not shown.' }),
    ),
  },
  closed,
)

/** Audio and files, for those who may read a message that carries them. */
export function mediaRoutes(
  app: App,
  deps: {
    media: MediaService
    signer: MediaSigner
    authenticate: Authenticate
  },
): void {
  const { media, signer, authenticate } = deps

  app.route({
    method: ['GET', 'HEAD'],
    url: '/media/:id',
    schema: { tags: ['media'], params: MediaParams, querystring: MediaQuery },
    preHandler: (request, reply, done) => {
      if (isSigned(request.query)) done()
      else authenticate(request, reply, done)
    },
    handler: async (request, reply) => {
      const { id } = request.params
      const { query } = request
      const userId = isSigned(query) ? signer.verify(id, query) : identityOf(request).userId
      return send(request, reply, await media.open(userId, id), {
        isDownload: request.query.download !== undefined,
      })
    },
  })

  app.get(
    '/media/:id/info',
    {
      onRequest: authenticate,
      schema: { tags: ['media'], params: MediaParams, response: { 200: MediaRecord } },
    },
    async (request) => media.record(identityOf(request).userId, request.params.id),
  )

  app.post(
    '/media/:id/sign',
    {
      onRequest: authenticate,
      schema: { tags: ['media'], params: MediaParams, response: { 200: SignedMediaUrl } },
    },
    async (request) => {
      const { userId } = identityOf(request)
      const { _id } = await media.open(userId, request.params.id)
      return signer.sign(userId, _id)
    },
  )
}

function isSigned(query: Partial<MediaSignature>): query is MediaSignature {
  return query.user !== undefined && query.expires !== undefined && query.signature !== undefined
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  media: Media,
  { isDownload }: { isDownload: boolean },
): Promise<FastifyReply> {
  const { mimeType, size } = media
  const disposition = contentDisposition(mimeType, media.name, isDownload)
  const etag = `"${media.sha256}"`
  const facts = {
    etag,
    'accept-ranges': 'bytes',
    // What an id names never changes; who may read it does.
    'cache-control': 'private, no-cache',
    'content-disposition': disposition,
    'x-content-type-options': 'nosniff',
    // Opened as a page of its own, it is one that can do nothing.
    'content-security-policy': "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
  }
  const { 'if-none-match': ifNoneMatch, 'if-range': ifRange, range: rangeHeader } = request.headers
  if (matchesEtag(ifNoneMatch, etag)) return reply.headers(facts).code(304).send()
  if (request.method === 'HEAD') {
    return reply.headers(facts).type(mimeType).header('content-length', size).send()
  }
  const elsewhere = await media.urlOf({ mimeType, disposition })
  // It answers ranges too. Not to be remembered: the URL is good for a while.
  if (elsewhere !== undefined) {
    return reply.header('cache-control', 'private, no-store').redirect(elsewhere, 307)
  }
  const isOfThis = ifRange === undefined || ifRange === etag
  const range = isOfThis ? parseRange(rangeHeader, size) : undefined
  if (range === 'unsatisfiable') {
    const error = new CodedError('BAD_REQUEST', 'There is no such range.', { field: 'range' })
    reply.headers(facts).header('content-range', `bytes */${size}`).removeHeader('content-disposition')
    return reply.code(416).type('application/json').send({ error: error.toWire() })
  }
  const body = await started(media.read(range))
  reply.headers(facts).type(mimeType)
  if (!range) return reply.header('content-length', size).send(body)
  return reply
    .code(206)
    .header('content-length', range.end - range.start + 1)
    .header('content-range', `bytes ${range.start}-${range.end}/${size}`)
    .send(body)
}

/** Its first bytes are there, or its failure: to be told while an answer can still say so. */
async function started(body: Readable): Promise<Readable> {
  await once(body, 'readable')
  return body
}
