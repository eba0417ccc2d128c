import { Readable } from 'node:stream'
import type { UploadSlots } from '@earshot/core/media/upload-slots'
import { type ErrorCode, Id, type WireError } from '@earshot/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'
import { handleTus, mediaIdHeader, type TusDeps, uploadsPath } from '../tus/tus-handler.ts'
import { drain, uploadBody } from '../upload-body.ts'

const UploadParams = Type.Object({ id: Id })

/** What the protocol refuses, in the words of our table; its own status is kept, clients go by it. */
const ofStatus: Record<number, ErrorCode> = {
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'NOT_FOUND',
  413: 'TOO_LARGE',
  423: 'RETRY_LATER',
}

/** Files in pieces, continued after a break, on any node: the tus protocol 1.0. */
export function resumableUploadRoutes(
  app: App,
  deps: TusDeps & {
    slots: UploadSlots
    idleMs: number
    authenticate: Authenticate
  },
): void {
  app.removeAllContentTypeParsers()
  // Not read here: the handler streams it.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const onRequest = deps.authenticate
  const schema = { tags: ['media'], description: 'The tus protocol 1.0, see https://tus.io.' }

  app.options(
    uploadsPath,
    // Asked by browsers before they send, and by clients that want to know the extensions.
    { schema: { hide: true }, config: { cors: { strictPreflight: false, preflightContinue: true } } },
    async (request, reply) => answer(reply, await handleTus(deps, '', webRequest(request))),
  )

  app.post(uploadsPath, { onRequest, schema }, (request, reply) => receive(request, reply))

  app.patch(
    `${uploadsPath}/:id`,
    { onRequest, schema: { ...schema, params: UploadParams } },
    (request, reply) => receive(request, reply, request.params.id),
  )

  app.delete(
    `${uploadsPath}/:id`,
    { onRequest, schema: { ...schema, params: UploadParams } },
    async (request, reply) => {
      const { userId } = identityOf(request)
      await deps.uploads.find(userId, request.params.id)
      return answer(reply, await handleTus(deps, userId, webRequest(request)))
    },
  )

  app.head(
    `${uploadsPath}/:id`,
    { onRequest, schema: { ...schema, params: UploadParams } },
    async (request, reply) => {
      const { userId } = identityOf(request)
      const { id } = request.params
      const { offset, length } = await deps.uploads.find(userId, id)
      if (offset === length) {
        // The node that took the last piece may have died before it made the media.
        await deps.uploads.finish(userId, id)
        reply.header(mediaIdHeader, id)
      }
      return answer(reply, await handleTus(deps, userId, webRequest(request)))
    },
  )

  async function receive(request: FastifyRequest, reply: FastifyReply, id?: string): Promise<FastifyReply> {
    const { userId } = identityOf(request)
    let release: (() => void) | undefined
    try {
      // Before the lock, which nobody else may ask for.
      if (id !== undefined) await deps.uploads.find(userId, id)
      release = deps.slots.take(userId)
      const body = uploadBody(request.raw, deps.idleMs)
      return answer(reply, await handleTus(deps, userId, webRequest(request, body)))
    } finally {
      release?.()
      drain(request.raw)
    }
  }
}

function webRequest({ raw }: FastifyRequest, body?: Readable): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  // The library looks at the path alone.
  const url = new URL(raw.url ?? '/', 'http://localhost')
  const init: RequestInit = { method: raw.method ?? 'GET', headers }
  if (!body) return new Request(url, init)
  return new Request(url, { ...init, body: Readable.toWeb(body), duplex: 'half' })
}

async function answer(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  const { status } = response
  reply.code(status)
  for (const [name, value] of response.headers) {
    // Connections and cross-origin rules are the server's, lengths follow from what is sent.
    if (name === 'connection' || name === 'content-length' || name.startsWith('access-control-')) continue
    reply.header(name, value)
  }
  if (status < 400) return reply.send()
  const code = ofStatus[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL')
  const error: WireError = { code, message: (await response.text()).trim() }
  return reply.type('application/json').send({ error })
}
