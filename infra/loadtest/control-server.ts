import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf } from '../system/failure.ts'

/** What can be done to the cluster, by name. Why it cannot be done is thrown by `refuse`. */
export type Actions = Record<string, () => Promise<void>>

type State = { state: 'idle' | 'running' | 'done' } | { state: 'failed'; error: string }

export interface ControlServer {
  url: string
  close(): Promise<void>
}

/**
 * What a scenario asks when something is to happen to the cluster, on the loopback interface for the time of one run:
 * `POST /<action>` begins it, once however often it is asked; `GET /<action>` says how far it is. Where nobody can act, both
 * answer 501 and why.
 */
export async function startControlServer(actions: Actions | { refusal: string }): Promise<ControlServer> {
  const states = new Map<string, State>()
  const begin = (name: string, work: () => Promise<void>) => {
    states.set(name, { state: 'running' })
    work().then(
      () => states.set(name, { state: 'done' }),
      (error) => states.set(name, { state: 'failed', error: messageOf(error) }),
    )
  }
  const server = createServer(({ method, url = '' }, response) => {
    if (isRefusal(actions)) return answer(response, 501, actions.refusal)
    const name = url.slice(1)
    const work = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!work) return answer(response, 404, `There is ${Object.keys(actions).join(' and ')}.`)
    if (method === 'POST' && !states.has(name)) begin(name, work)
    answer(response, 200, JSON.stringify(states.get(name) ?? { state: 'idle' }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

function isRefusal(actions: Actions | { refusal: string }): actions is { refusal: string } {
  return typeof actions.refusal === 'string'
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'text/plain' }).end(body)
}
