/** The Socket.IO client for k6, taken along to where nothing else of this project is, against a plain Socket.IO server. */
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Server } from 'socket.io'
import t, { type Test } from 'tap'
import { silent } from '../../infra/report/reporter.ts'
import { ROOT } from '../../infra/settings.ts'
import { attempt } from '../../infra/system/exec.ts'
import { scratch } from '../../infra/test/scratch.ts'
import { provideK6 } from '../../infra/tools/k6.ts'

t.test('against a plain Socket.IO server, from another folder', async (t) => {
  const k6 = await provideK6({ reporter: silent, logDir: t.testdir() })
  if (k6.cannot) return t.plan(0, `this k6 has no ${k6.cannot}`)
  const folder = scratch(t)
  for (const part of ['lib/socketio', 'test/k6'])
    cpSync(join(ROOT, 'loadtests', part), join(folder, part), { recursive: true })
  const { code, output } = await attempt({
    command: k6.command,
    args: [
      'run',
      '--no-usage-report',
      '--quiet',
      '--address',
      '',
      join(folder, 'test/k6/socketio-client.ts'),
    ],
    env: { ...process.env, URL: await plainServer(t) },
  })
  t.equal(code, 0, 'every check holds')
  if (code !== 0) t.comment(output)
})

async function plainServer(t: Test): Promise<string> {
  const http = createServer()
  const io = new Server(http, { pingInterval: 200, pingTimeout: 5_000 })
  const room = io.of('/room')
  room.use(({ handshake: { auth } }, next) => {
    if (auth.name === 'nobody') next(Object.assign(new Error('not you'), { data: { code: 'NO' } }))
    else next()
  })
  room.on('connection', (socket) => {
    socket.on('greet', (name: string, times: number, ack: (answer: object) => void) => {
      socket.emit('greeted', name, times)
      ack({ text: `Hello ${name}` })
    })
    socket.on('question', () => {
      socket.emit('are-you-there', () => socket.emit('there'))
    })
    socket.on('lose', () => socket.conn.close())
    socket.on('leave', () => socket.disconnect())
    socket.on('binary', () => socket.emit('bytes', Buffer.from('binary')))
  })
  t.teardown(() => io.close())
  await once(http.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}
