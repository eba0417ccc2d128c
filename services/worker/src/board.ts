import { createHash, timingSafeEqual } from 'node:crypto'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { queuePrefix } from '@earshot/core/jobs/job-queue'
import basicAuth from '@fastify/basic-auth'
import { Queue } from 'bullmq'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'

export interface BoardOptions {
  prefix: string
  queues: readonly string[]
  /** Of whoever signs in; any user name will do. */
  password: string
}

const path = '/board'
/** The page would fetch its fonts from elsewhere, which would tell others of it. */
const contentPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

/** Bull Board on the worker's own port, behind a password: what waits, what is dead, and what may be done about it. */
export async function addBoard(
  app: FastifyInstance,
  connection: Redis,
  options: BoardOptions,
): Promise<void> {
  const { queues: names, password } = options
  const queues = names.map((name) => new Queue(name, { connection, prefix: queuePrefix(options.prefix) }))
  for (const queue of queues) queue.on('error', (err) => app.log.debug({ err }, 'board'))
  const adapter = new FastifyAdapter()
  adapter.setBasePath(path)
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Earshot' } },
  })
  await app.register(async (scope) => {
    await scope.register(basicAuth, {
      validate: async (_user, given) => {
        if (!isSame(given, password)) throw new Error('This is not the password of the board.')
      },
      authenticate: { realm: 'Earshot jobs' },
    })
    scope.addHook('onRequest', refuseOtherSites)
    scope.addHook('onRequest', scope.basicAuth)
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', contentPolicy).header('cache-control', 'no-store')
    })
    await scope.register(adapter.registerPlugin(), { prefix: path })
  })
  app.addHook('onClose', async () => {
    await Promise.all(queues.map((queue) => queue.close()))
  })
}

/** A browser sends the password along with whatever another site's page asks of us: that must change nothing. */
async function refuseOtherSites({ method, headers }: FastifyRequest): Promise<void> {
  if (method === 'GET' || method === 'HEAD') return
  const { origin, host, 'sec-fetch-site': site } = headers
  const isForeign = origin !== undefined && URL.parse(origin)?.host !== host
  if (isForeign || (site !== undefined && site !== 'same-origin')) {
    throw Object.assign(new Error('This was asked by the page of another site.'), { statusCode: 403 })
  }
}

/** Takes as long whatever is given. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
