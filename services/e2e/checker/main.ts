import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { capabilitiesOf } from './capabilities.ts'
import { OwnCluster } from './own-cluster.ts'
import { type Capability, makePlan } from './plan.ts'
import { report, summary } from './report.ts'
import { runRound } from './round.ts'
import { RunningCluster } from './running-cluster.ts'
import type { Target } from './target.ts'

const usage = `The checker: random users write, retry, drop out, come back; then the record of what they saw is judged.

  --seed N       first seed (a random one)      --users N    (8)
  --nodes N      gateways of its own (3)        --steps N    in one round (2000)
  --seconds S    rounds with one seed after the other until the time is over (one round)
  --faults       kill gateways, cut Redis off, make it forget conversations
  --in-process   gateways in this process: starts faster, and everything shares one core

TEST_REDIS_URL and TEST_MONGODB_URI as for the tests; or TARGET=http://… for a running cluster, with its JWT_SECRET
and MONGODB_URI if known.`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    users: { type: 'string', default: '8' },
    nodes: { type: 'string', default: '3' },
    steps: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '0' },
    faults: { type: 'boolean', default: false },
    'in-process': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else process.exitCode = await main()

async function main(): Promise<number> {
  const options = {
    users: atLeast('users', 3),
    nodes: atLeast('nodes', 1),
    steps: atLeast('steps', 1),
    faults: values.faults,
  }
  const target = await makeTarget()
  try {
    const tag = process.env.TARGET ? `chk-${randomBytes(4).toString('hex')}-` : ''
    const capabilities = await capabilitiesOf(target, tag)
    const leftOut = (['edit', 'delete', 'react'] as Capability[]).filter((name) => !capabilities.has(name))
    if (leftOut.length > 0) console.log(`left out, because the server does not do it: ${leftOut.join(', ')}`)
    const endsAt = performance.now() + Number(values.seconds) * 1000
    let seed = values.seed === undefined ? randomBytes(4).readUInt32LE() : Number(values.seed)
    let failures = 0
    do {
      const plan = makePlan({ seed, ...options, nodes: target.urls().length, capabilities })
      const { evidence, violations } = await runRound(target, plan, `${tag}${seed}-`)
      console.log(`seed ${seed}: ${violations.length === 0 ? 'ok' : 'VIOLATIONS'}; ${summary(evidence)}`)
      if (violations.length > 0) {
        failures++
        console.log(
          `${report(evidence, violations)}\n\nThe same plan again (what runs at once may meet otherwise):`,
        )
        console.log(`  ${replay(seed)}\n`)
      }
      seed++
    } while (performance.now() < endsAt)
    return failures === 0 ? 0 : 1
  } finally {
    await target.close()
  }
}

function makeTarget(): Target | Promise<Target> {
  const { TARGET, JWT_SECRET, MONGODB_URI } = process.env
  if (TARGET) {
    if (values.faults) throw new Error('--faults needs a cluster of its own: leave out TARGET')
    return new RunningCluster({ TARGET, JWT_SECRET, MONGODB_URI })
  }
  const processes = !values['in-process'] || values.faults
  return OwnCluster.start({ nodes: atLeast('nodes', 1), processes, faults: values.faults })
}

function replay(seed: number): string {
  const { users, nodes, steps, faults } = values
  const flags = `${faults ? ' --faults' : ''}${values['in-process'] ? ' --in-process' : ''}`
  const numbers = `--seed ${seed} --users ${users} --nodes ${nodes} --steps ${steps}`
  return `node_modules/.bin/node services/e2e/checker/main.ts ${numbers}${flags}`
}

function atLeast(name: 'users' | 'nodes' | 'steps', minimum: number): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < minimum) throw new Error(`--${name} is at least ${minimum}`)
  return value
}
