import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { foreignActions } from '../loadtest/actions.ts'
import { type Actions, startControlServer } from '../loadtest/control-server.ts'
import { thinned } from '../loadtest/k6-process.ts'
import { allScenarios, chosenScenarios } from '../loadtest/scenarios.ts'
import { silent } from '../report/reporter.ts'
import { waitUntil } from '../system/wait.ts'
import { provideK6 } from '../tools/k6.ts'
import { cliFor } from './cli.ts'
import { scratch } from './scratch.ts'

const ask = async (url: string, action: string, method = 'GET') => {
  const response = await fetch(`${url}/${action}`, { method })
  return { status: response.status, text: await response.text() }
}

t.test('an action is done once, however many ask for it, and they hear how it ends', async (t) => {
  const gate = Promise.withResolvers<void>()
  let times = 0
  const actions: Actions = {
    'kill-gateway': () => {
      times++
      return gate.promise
    },
    'replace-gateways': async () => {
      throw new Error('no room on the host')
    },
  }
  const { url, close } = await startControlServer(actions)
  t.teardown(close)
  t.match(await ask(url, 'kill-gateway'), { status: 200, text: '{"state":"idle"}' })
  for (const _ of [1, 2]) t.match(await ask(url, 'kill-gateway', 'POST'), { text: '{"state":"running"}' })
  gate.resolve()
  t.ok(
    await waitUntil(async () => (await ask(url, 'kill-gateway')).text.includes('done'), { timeoutMs: 5_000 }),
  )
  t.equal(times, 1)
  await ask(url, 'replace-gateways', 'POST')
  t.match(await ask(url, 'replace-gateways'), { text: /failed.*no room on the host/ })
  t.match(await ask(url, 'constructor', 'POST'), { status: 404, text: /kill-gateway and replace-gateways/ })
})

t.test("on somebody else's cluster a command acts, and without one nobody can", async (t) => {
  const told: string[] = []
  const file = join(scratch(t), 'did')
  const actions = foreignActions(`echo >>${file}`, silent, (text) => told.push(text))
  if ('refusal' in actions) return t.fail('it refuses')
  await (actions as Actions)['kill-gateway']?.()
  t.equal(readFileSync(file, 'utf8'), 'kill-gateway\n')
  t.match(told, [/echo/, /is done/])
  const failing = foreignActions('false', silent, () => undefined) as Actions
  await t.rejects((failing['kill-gateway'] as () => Promise<void>)(), /ended with 1/)

  const refusing = foreignActions(undefined, silent, () => undefined)
  t.match(refusing, { refusal: /CHAOS_CMD/ })
  const { url, close } = await startControlServer(refusing)
  t.teardown(close)
  t.match(await ask(url, 'kill-gateway'), { status: 501, text: /CHAOS_CMD/ })
})

t.test('SCENARIO names some, by name or by file; without it all are meant', async (t) => {
  t.strictSame(
    chosenScenarios(undefined).map(({ name }) => name),
    allScenarios,
  )
  t.strictSame(
    chosenScenarios('smoke, loadtests/voice.ts').map(({ name, path }) => [name, existsSync(path)]),
    [
      ['smoke', true],
      ['voice', true],
    ],
  )
  t.throws(() => chosenScenarios('smoke nothing'), {
    name: 'Failure',
    message: /SCENARIO names "nothing".*smoke/,
  })
})

t.test("in a log k6's progress is a line every ten seconds", async (t) => {
  const shown: string[] = []
  const line = thinned((text) => shown.push(text))
  const second = (n: number) => [
    '',
    `running (1m${String(n).padStart(2, '0')}.0s), 2/2 VUs, 0 complete and 0 interrupted iterations`,
    `all   [  ${n}% ] 2 VUs  1m0${n}.0s/9m0s  0/2 iters, 1 per VU`,
  ]
  for (const text of ['scenarios: 1', ...[9, 10, 11].flatMap(second), '', 'smoke: PASSED', '', 'a table'])
    line(text)
  t.strictSame(shown, [
    'scenarios: 1',
    '',
    'running (1m10.0s), 2/2 VUs, 0 complete and 0 interrupted iterations',
    'smoke: PASSED',
    '',
    'a table',
  ])
})

t.test(
  'a target that is not there, and a setting that is none: said in a sentence, and no success',
  async (t) => {
    const k6 = await provideK6({ reporter: silent, logDir: scratch(t) })
    if (k6.cannot) return t.plan(0, `this k6 has no ${k6.cannot}`)
    const folder = scratch(t)
    const env = { SUMMARY_DIR: folder, SCENARIO: 'smoke', TARGET: 'http://127.0.0.1:1', JWT_SECRET: 'any' }
    const away = await (await cliFor(t, env)).cli('loadtest')
    t.equal(away.code, 108)
    t.match(away.stderr, /Nothing answers at http:\/\/127\.0\.0\.1:1 .*Start it \(make up\), or set TARGET/)
    t.match(readFileSync(join(folder, 'smoke.junit.xml'), 'utf8'), /<error message="k6 ended with 108/)

    const wrong = await (await cliFor(t, { ...env, USERS: 'many' })).cli('loadtest')
    t.equal(wrong.code, 107)
    t.match(wrong.stderr, /USERS is \\"many\\", but must be a whole number/)

    const noOne = await (await cliFor(t, { ...env, SCENARIO: 'reconnect-storm' })).cli('loadtest')
    t.equal(noOne.code, 108)
    t.match(noOne.stderr, /This scenario kills a gateway, and .*CHAOS_CMD/)
  },
)
