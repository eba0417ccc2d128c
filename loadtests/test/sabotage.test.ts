/** The judges judge: each scenario fails, by the right metric, when one message in a thousand goes wrong on its way. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { silent } from '../../infra/report/reporter.ts'
import { type Cluster, startCluster } from '../../infra/servers/index.ts'
import { ROOT, readSettings } from '../../infra/settings.ts'
import { attempt } from '../../infra/system/exec.ts'
import { type K6Tool, provideK6 } from '../../infra/tools/k6.ts'
import type { Verdict } from '../lib/run/verdict.ts'
import { startProxy } from '../sabotage/proxy.ts'
import { type Fault, FaultSaboteur } from '../sabotage/saboteurs.ts'

const jwtSecret = randomBytes(24).toString('hex')
/** Metrics that no slow machine can spoil. */
const ofContent = [
  'users_connected',
  'lost',
  'doubled',
  'reordered',
  'leaked',
  'altered',
  'misnumbered',
  'missed_live',
]

interface Case {
  fault: Fault | undefined
  scenario: string
  /** What must not hold, and nothing else of what depends on content. */
  broken: string[]
  env: Record<string, string>
}

const oneIn = (fault: Fault | undefined, scenario: string) =>
  fault === 'no-open' ? 2 : scenario === 'users-1000' ? 10 : 1_000
const smoke = { USERS: '24', MESSAGES: '1100' }
const cases: Case[] = [
  { fault: undefined, scenario: 'smoke', broken: [], env: smoke },
  { fault: 'no-open', scenario: 'smoke', broken: [], env: smoke },
  { fault: 'drop', scenario: 'smoke', broken: ['missed_live'], env: smoke },
  { fault: 'double', scenario: 'smoke', broken: ['doubled'], env: smoke },
  { fault: 'reorder', scenario: 'smoke', broken: ['reordered'], env: smoke },
  { fault: 'leak', scenario: 'smoke', broken: ['leaked'], env: smoke },
  { fault: 'alter', scenario: 'smoke', broken: ['altered'], env: smoke },
  {
    fault: 'lose',
    scenario: 'messages-10000',
    broken: ['lost'],
    env: { USERS: '40', RATE: '40', MESSAGES: '1100', GROUP_MESSAGES: '0' },
  },
  ...(['presence', 'presence-silent', 'presence-answer', 'last-seen'] as const).map((fault) => ({
    fault,
    scenario: 'users-1000',
    broken: ['presence_errors'],
    env: { USERS: '24', RATE: '24', HOLD: '4', PRESENCE_LOSS_MS: '6000' },
  })),
]

t.test('one fault in a thousand', async (t) => {
  const k6 = await provideK6({ reporter: silent, logDir: t.testdir() })
  if (k6.cannot) return t.plan(0, `this k6 has no ${k6.cannot}`)
  const cluster = await ownCluster(t)
  t.jobs = 4
  for (const one of cases) {
    t.test(`${one.fault ?? 'nothing'} in ${one.scenario}`, { buffered: true }, (t) =>
      check(t, one, k6, cluster),
    )
  }
})

async function check(t: Test, { fault, scenario, broken, env }: Case, k6: K6Tool, cluster: Cluster) {
  const saboteur = new FaultSaboteur(fault, oneIn(fault, scenario))
  const proxy = await startProxy(cluster.url, saboteur)
  t.teardown(() => proxy.close())
  const folder = join(t.testdirName, scenario)
  mkdirSync(folder, { recursive: true })
  const { code, output } = await attempt({
    command: k6.command,
    args: ['run', '--no-usage-report', '--quiet', '--address', '', join(ROOT, 'loadtests', `${scenario}.ts`)],
    env: {
      ...process.env,
      SIZE: 'ci',
      TARGET: proxy.url,
      JWT_SECRET: jwtSecret,
      SUMMARY_DIR: folder,
      ...env,
    },
  })
  const { thresholds } = JSON.parse(readFileSync(join(folder, `${scenario}.summary.json`), 'utf8')) as Verdict
  const named = thresholds.filter(({ ok }) => !ok).map(({ metric }) => metric)
  if (fault !== undefined) t.not(saboteur.count, 0, 'something was done')
  if (broken.length > 0) t.equal(code, 99, 'the exit code is the verdict')
  const spoilt = named.filter((metric) => ofContent.includes(metric))
  const expected = broken.filter((metric) => ofContent.includes(metric))
  if (!t.strictSame(spoilt, expected, 'what depends on content')) t.comment(output)
  for (const metric of broken) t.ok(named.includes(metric), `${metric} is named`)
}

/** Processes and a balancer as in production, on the databases of the tests. */
async function ownCluster(t: Test): Promise<Cluster> {
  const { TEST_REDIS_URL: redisUrl, TEST_MONGODB_URI: mongoUri } = process.env
  if (!redisUrl || !mongoUri) throw new Error('run the tests by make test')
  const id = `t${randomBytes(6).toString('hex')}`
  const { gatewayEntry, workerEntry } = readSettings()
  const cluster = await startCluster({
    redisUrl,
    mongoUri: mongoUri.replace(/\/?$/, `/${id}`),
    jwtSecret,
    gatewayEntry,
    workerEntry,
    env: { REDIS_PREFIX: id, LOG_LEVEL: 'warn', PRESENCE_GRACE_MS: '500' },
  })
  t.teardown(() => cluster.stop())
  return cluster
}
