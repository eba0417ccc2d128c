import { tooLarge } from '@earshot/core/media/byte-source'
import { toMediaRecord } from '@earshot/core/media/media-doc'
import type { Incoming, MediaIntake } from '@earshot/core/media/media-intake'
import type { UploadSlots } from '@earshot/core/media/upload-slots'
import { CodedError, closed, type Limits, MediaRecord, plainText } from '@earshot/protocol'
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'
import { fileNameOf } from '../content-disposition.ts'
import { breakOffWhenIdle, drain, uploadBody } from '../upload-body.ts'

const UploadQuery = Type.Object(
  { name: Type.Optional(plainText({ maxLength: 1_000, description: "The file's name." })) },
  closed,
)

/** Room for the headers and fields around a file in a form. */
const formBytes = 64 * 1024

type Part = Omit<Incoming, 'ownerId'> & { source: AsyncIterable<Uint8Array> }

/** `POST /media`: a file as the body of a request, or as a field of a form. */
export async function uploadRoutes(
  app: App,
  deps: {
    intake: MediaIntake
    slots: UploadSlots
    limits: Limits
    idleMs: number
    authenticate: Authenticate
  },
): Promise<void> {
  app.addHook('onRequest', deps.authenticate)
  app.removeAllContentTypeParsers()
  // Not read here: the handler streams it.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const { fileMaxBytes } = deps.limits
  await app.register(multipart, { limits: { fileSize: Number.POSITIVE_INFINITY, files: 1, fields: 10 } })

  app.post(
    '/media',
    {
      schema: {
        tags: ['media'],
        consumes: ['*/*', 'multipart/form-data'],
        querystring: UploadQuery,
        response: { 201: MediaRecord },
      },
    },
    async (request, reply) => {
      const { userId } = identityOf(request)
      const { raw } = request
      let release: (() => void) | undefined
      try {
        const announced = Number(request.headers['content-length'] ?? 0)
        if (announced > fileMaxBytes + (request.isMultipart() ? formBytes : 0)) throw tooLarge(fileMaxBytes)
        release = deps.slots.take(userId)
        const { source, ...words } = await partOf(request, request.query.name, deps.idleMs)
        const doc = await deps.intake.receive(source, { ownerId: userId, ...words })
        const record = toMediaRecord(doc)
        return reply.code(201).header('location', record.url).send(record)
      } finally {
        release?.()
        drain(raw)
      }
    },
  )
}

/** @throws {CodedError} `BAD_REQUEST` for a form that is broken or has no file */
async function partOf(request: FastifyRequest, name: string | undefined, idleMs: number): Promise<Part> {
  if (!request.isMultipart()) {
    const { 'content-type': declaredType, 'content-disposition': disposition } = request.headers
    return { source: uploadBody(request.raw, idleMs), name: name ?? fileNameOf(disposition), declaredType }
  }
  breakOffWhenIdle(request.raw, idleMs)
  const part = await request.file().catch((cause: unknown) => {
    throw brokenForm(cause)
  })
  if (!part) throw new CodedError('BAD_REQUEST', 'The form has no file.', { field: 'file' })
  return { source: contentOf(part.file), name: name ?? part.filename, declaredType: part.mimetype }
}

async function* contentOf(file: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* file
  } catch (cause) {
    throw brokenForm(cause)
  }
}

/** What the parser throws has a status where it is a limit, and none where the form is no form. */
function brokenForm(cause: unknown): unknown {
  if (cause instanceof Error && 'statusCode' in cause) return cause
  return new CodedError('BAD_REQUEST', 'The form cannot be read.', { field: 'file', cause })
}
