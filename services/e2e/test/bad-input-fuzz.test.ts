import { type ClientEventName, clientEvents, type WireError } from '@earshot/protocol'
import fc from 'fast-check'
import t from 'tap'
import { anyJson, near } from '../src/bad-input/near.ts'
import { routesOf, urlOf } from '../src/bad-input/routes.ts'
import type { Schema } from '../src/bad-input/schema.ts'
import { startCluster } from '../src/cluster.ts'

/** Another one by hand: FUZZ_SEED=… FUZZ_RUNS=… */
const seed = Number(process.env.FUZZ_SEED ?? 20_260)
const numRuns = Number(process.env.FUZZ_RUNS ?? 30)
const env = { LIMIT_SENDS_BURST: '1000000' }
/** No shrinking: what was done cannot be undone for another try. */
const options = { seed, numRuns, endOnFailure: true }
/** Neither is the sender's fault, and nothing else went wrong here. */
const faults = ['INTERNAL', 'RETRY_LATER']

t.test('random payloads of random events', async (t) => {
  t.comment(`seed ${seed}, ${numRuns} runs of 30 events`)
  const cluster = await startCluster(t, { workers: 0, env })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const sent = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as { _id: string }
  const words = ['ann', 'bob', sent._id, sent.conversationId, groupId, '👍', '/media/none']
  const id = ann.socket.id

  const events = Object.keys(clientEvents) as ClientEventName[]
  const calls = fc.oneof(
    ...events.map((event) =>
      fc.tuple(fc.constant(event), near(clientEvents[event].payload as Schema, words)),
    ),
    fc.tuple(fc.constantFrom(...events), anyJson),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 30, maxLength: 30 }), async (batch) => {
      const answers = await Promise.all(batch.map(([event, payload]) => ann.raw(event, payload)))
      for (const [i, answer] of answers.entries()) {
        if (!answer.ok && faults.includes(answer.error.code))
          throw new Error(`${batch[i]?.[0]}: ${say(answer.error)}`)
      }
      if (ann.socket.id !== id) throw new Error('the socket did not live on')
    }),
    options,
  )
  const last = await ann.send('message', { recipientId: 'bob', content: 'the last' })
  await bob.hears('new_message', ({ _id }) => _id === last._id)
})

t.test('random requests to every route', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  await cluster.connect('bob')
  const sent = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const words = ['ann', 'bob', sent._id, sent.conversationId]
  // To hash passwords takes its time.
  const slow = ['/user/register', '/user/login', '/metrics']
  const routes = routesOf(await ann.get('/docs/openapi.json')).filter(({ path }) => !slow.includes(path))
  const text = near({ type: 'string' }, words).filter(
    (value) => typeof value === 'string' && value.isWellFormed(),
  )
  const requests = fc.oneof(
    ...routes.map((route) =>
      fc.record({
        route: fc.constant(route),
        params: fc.record(each(route.params, () => text.map(pathPart))),
        query: fc.record(each(route.query, () => fc.option(text, { nil: undefined }))),
        json: route.body ? near(route.body, words) : fc.constant(undefined),
      }),
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 30, maxLength: 30 }), async (batch) => {
      await Promise.all(
        batch.map(async ({ route, params, query, json }) => {
          const given = Object.entries(query).filter(([, value]) => value !== undefined)
          const url = urlOf(route, { params, query: Object.fromEntries(given) as Record<string, string> })
          const response = await ann.http(url, { method: route.method, json })
          const body = await response.text()
          if (response.status >= 500) throw new Error(`${route.method} ${url}: ${response.status} ${body}`)
        }),
      )
    }),
    options,
  )
  t.equal((await ann.http('/healthz')).status, 200)
})

function each<T, U>(record: Record<string, T>, make: () => U): Record<string, U> {
  return Object.fromEntries(Object.keys(record).map((name) => [name, make()]))
}

/** Dots alone would be another path. */
function pathPart(text: unknown): string {
  const encoded = encodeURIComponent(String(text))
  return encoded === '' || /^\.+$/.test(encoded) ? 'x' : encoded
}

function say({ code, message, field }: WireError): string {
  return `${code} ${field} ${message}`
}
