import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpuTimes } from './cpu-time.ts'

const program = `
const server = require('node:http').createServer((request, response) => response.writeHead(304).end())
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** A server of Node's own that answers 304 to everything: less than this no request over HTTP can cost in Node. */
export async function startBareHttp(): Promise<{ url: string; cpuUs: () => number; stop: () => void }> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    cpuUs: () => cpuTimes({ bare: [child.pid ?? 0] }).bare,
    stop: () => child.kill(),
  }
}
