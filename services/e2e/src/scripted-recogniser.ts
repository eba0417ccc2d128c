import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A recogniser whose answers a test scripts, the last one again and again; it counts how often it is asked. */
export async function scriptedRecogniser(t: Test, ...answers: Answer[]) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.push(request), answers.length) - 1]
    request.resume().on('end', () => answer?.(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

export const says =
  (text: string): Answer =>
  (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ text }))
  }

export const fails =
  (status: number): Answer =>
  (_request, response) => {
    response.writeHead(status).end('{}')
  }

/** Does not answer at all. */
export const hangs: Answer = () => undefined
