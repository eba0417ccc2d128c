import { chromium } from 'playwright-core'
import { EarshotClient, HttpApi, directConversationId } from '@earshot/client'
import { execSync } from 'node:child_process'
const url = 'http://127.0.0.1:3100'
const http = new HttpApi({ url })
const u = Date.now().toString(36)
const [a, b] = await Promise.all(['a','b'].map(n => http.register({ username: n + u, password: 'correct horse', name: n + u })))
const ca = new EarshotClient({ url, token: a!.token }), cb = new EarshotClient({ url, getToken: async () => b!.token })
const got: number[] = []; const ev: string[] = []
cb.on('new_message', m => got.push(m.seq))
for (const [n, c] of [['a', ca], ['b', cb]] as const) { c.on('disconnected', e => ev.push(`${n} disc ${e.reason}`)); c.on('reconnected', () => ev.push(`${n} reconnected`)) }
await Promise.all([ca.connect(), cb.connect()])
console.log('statuses', await ca.subscribe([b!._id]))
const conv = directConversationId(a!._id, b!._id)
cb.on('reconnected', async () => { const s = await cb.sync({ [conv]: Math.max(0, ...got) }); for (const m of s[conv]?.messages ?? []) got.push(m.seq) })
const pids = execSync("pgrep -f 'earshot-web|gateway/src/main.ts' -a || true").toString(); 
console.log(pids.split('\n').map(l => l.slice(0,120)).join('\n'))
const gw = pids.split('\n').filter(l => /gateway\/src\/main/.test(l)).map(l => Number(l.split(' ')[0])).filter(pid => execSync(`tr '\\0' '\\n' < /proc/${pid}/environ | grep -c earshot-web || true`).toString().trim() !== '0')
console.log('mine', gw)
const acks: number[] = []
const t0 = Date.now()
for (let i = 0; i < 60; i++) {
  if (i === 20 && gw[0]) process.kill(gw[0], 'SIGKILL')
  acks.push((await ca.sendMessage({ recipientId: b!._id, content: `n${i}` })).seq)
}
console.log('acks', acks.length, acks.every((s, i) => s === i + 1), Date.now() - t0, 'ms')
await new Promise(r => setTimeout(r, 4000))
console.log('b has', new Set(got).size, 'of 60; dup', got.length - new Set(got).size, ev)
const h = await ca.http.history(conv, { limit: 200 }); console.log('history', h.messages.length, h.headSeq)
ca.close(); cb.close()
const br = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-quic','--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'] })
const p = await br.newPage({ viewport: { width: 360, height: 640 } })
await p.goto(`${url}/#token=${a!.token}`)
await p.getByRole('button', { name: 'b' + u }).click()
await p.getByRole('button', { name: 'Record a voice message' }).click()
await p.getByRole('timer').waitFor()
await p.screenshot({ path: '/tmp/shots/x-rec-360.png' })
await p.keyboard.press('Escape')
await p.getByPlaceholder('Write a message').waitFor()
const d = await br.newPage()
d.on('pageerror', e => console.log('DEV ERR', e.message))
await d.goto('http://127.0.0.1:5199/')
await d.getByRole('button', { name: 'Log in' }).waitFor()
console.log('dev ok')
await br.close()
