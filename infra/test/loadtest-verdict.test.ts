/** What becomes of a run's verdict: the exit code, and whether it is run again. k6 is a small program that has its verdict ready. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ThresholdVerdict, Verdict } from '../../loadtests/lib/run/verdict.ts'
import { ROOT } from '../settings.ts'
import { attempt } from '../system/exec.ts'
import { cliFor } from './cli.ts'
import { scratch } from './scratch.ts'

const late: ThresholdVerdict = { metric: 'time_to_ack', expression: 'p(95)<1', ok: false, value: 2 }
const untrue: ThresholdVerdict = { metric: 'presence_errors', expression: 'count==0', ok: false, value: 1 }
const busy = ['k6 itself was held up for 9.0 s.']

/** A k6 that comes to these verdicts, one after the other, and to the last one from then on. */
function k6With(t: Test, ...verdicts: Pick<Verdict, 'thresholds' | 'heldUp'>[]) {
  const bin = scratch(t)
  const whole = verdicts.map((verdict) => ({
    scenario: 'smoke',
    outcome: 'failed',
    durationSeconds: 1,
    settings: {},
    metrics: {},
    says: [],
    servers: {},
    ...verdict,
  }))
  for (const [i, verdict] of whole.entries())
    writeFileSync(join(bin, `${i + 1}.json`), JSON.stringify(verdict))
  const path = join(bin, 'k6')
  writeFileSync(
    path,
    `#!/bin/sh
[ "$1" = run ] || exit 0
echo run >>"${bin}/runs"
n=$(wc -l <"${bin}/runs")
[ -f "${bin}/$((n)).json" ] || n=${verdicts.length}
cp "${bin}/$((n)).json" "$SUMMARY_DIR/smoke.summary.json"
echo '{"event":"param","data":{"aggregates":{"counter":["count"]}}}' >"$K6_WEB_DASHBOARD_RECORD"
exit 99
`,
  )
  chmodSync(path, 0o755)
  const folder = scratch(t)
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    SUMMARY_DIR: folder,
    SCENARIO: 'smoke',
    TARGET: 'http://127.0.0.1:1',
    JWT_SECRET: 'any',
  }
  const runs = () => readFileSync(join(bin, 'runs'), 'utf8').split('\n').length - 1
  return { env, runs, report: (name: string) => readFileSync(join(folder, name), 'utf8') }
}

const exitCode = async (t: Test, env: NodeJS.ProcessEnv) =>
  (await (await cliFor(t, env)).cli('loadtest')).code

t.test('a run that was held up is invalid, and run again as often as is wanted', async (t) => {
  const { env, runs, report } = k6With(t, { thresholds: [late], heldUp: busy })
  t.equal(await exitCode(t, env), 3)
  t.equal(runs(), 1, 'once unless said')
  t.equal(await exitCode(t, { ...env, ATTEMPTS: '3' }), 3)
  t.equal(runs(), 4)
  t.match(report('smoke.html'), 'held up for 9.0 s')
  t.match(report('smoke.junit.xml'), /<skipped message="time_to_ack/)
  t.match(report('summary.md'), /smoke \| invalid/)
})

t.test('the next run counts', async (t) => {
  const better = k6With(t, { thresholds: [late], heldUp: busy }, { thresholds: [], heldUp: busy })
  t.equal(await exitCode(t, { ...better.env, ATTEMPTS: '2' }), 0)
  const worse = k6With(t, { thresholds: [late], heldUp: busy }, { thresholds: [late], heldUp: [] })
  t.equal(await exitCode(t, { ...worse.env, ATTEMPTS: '2' }), 99)
})

t.test('what is untrue fails at once, however busy the machine was', async (t) => {
  const { env, runs } = k6With(t, { thresholds: [late, untrue], heldUp: busy })
  t.equal(await exitCode(t, { ...env, ATTEMPTS: '2' }), 99)
  t.equal(runs(), 1)
})

t.test('CI passes over what a busy machine could not tell, and over nothing else', async (t) => {
  const ci = async (...verdicts: Parameters<typeof k6With>[1][]) => {
    const { env, runs } = k6With(t, ...verdicts)
    const { code } = await attempt({
      command: join(ROOT, '.ci', 'loadtest'),
      args: [],
      env: { ...process.env, EARSHOT_STATE_DIR: scratch(t), ...env },
    })
    return [code, runs()]
  }
  t.strictSame(await ci({ thresholds: [late], heldUp: busy }), [0, 2])
  t.strictSame(await ci({ thresholds: [late], heldUp: [] }), [99, 1])
  t.strictSame(await ci({ thresholds: [untrue], heldUp: busy }), [99, 1])
})
