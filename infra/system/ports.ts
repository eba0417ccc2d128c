import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { Failure, hasCode } from './failure.ts'
import { portHolder } from './port-holder.ts'

// Below the range that systems take outgoing connections from: a restarted server finds its port still free, even
// while a load test holds ten thousand connections.
const LOWEST = 20_000
const HIGHEST = 32_000
const given = new Set<number>()

/** A port of the loopback interface that nobody listens on, and that this program has not given out before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (given.has(port) || !(await canListen(port))) continue
    given.add(port)
    return port
  }
  throw new Failure(`No free port found between ${LOWEST} and ${HIGHEST}.`)
}

async function canListen(port: number): Promise<boolean> {
  const server = createTcpServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE', 'EACCES')) return false
    throw error
  } finally {
    server.close()
  }
}

export interface ReservedPort {
  /** Gives the port free for the server that shall have it. */
  release(): Promise<void>
}

/**
 * Holds the public port from the first moment, so that a second start says at once that it is taken. Whoever opens
 * the page meanwhile reads that the cluster is starting.
 */
export async function reservePort(port: number, host: string): Promise<ReservedPort> {
  const server = createServer((_request, response) => {
    response
      .writeHead(503, { 'content-type': 'text/plain', 'retry-after': '2' })
      .end('Earshot is starting.\n')
  })
  try {
    await once(server.listen(port, host), 'listening')
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) throw error
    throw new Failure(whyNot(error, port, host))
  }
  return { release: () => close(server) }
}

function whyNot(error: unknown, port: number, host: string): string {
  if (hasCode(error, 'EACCES')) return `Port ${port} needs more rights than you have; choose one with PORT=….`
  if (hasCode(error, 'EADDRNOTAVAIL'))
    return `${host} is no address of this machine; choose another with HOST=….`
  const holder = portHolder(port)
  return `Port ${port} is in use${holder ? ` by ${holder}` : ''}; choose another with PORT=….`
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
