import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { foreignActions, ownActions } from '../loadtest/actions.ts'
import { type RunOptions, type RunResult, runScenario } from '../loadtest/one-run.ts'
import { overviewText, writeOverview } from '../loadtest/overview.ts'
import { chosenScenarios, type ScenarioFile } from '../loadtest/scenarios.ts'
import { consoleReporter } from '../report/console-reporter.ts'
import { answersOk } from '../servers/probes.ts'
import { integer, type Settings, statePaths } from '../settings.ts'
import type { Stack } from '../stack/stack.ts'
import { runningState } from '../stack/state-file.ts'
import { Failure } from '../system/failure.ts'
import { waitUntil } from '../system/wait.ts'
import { provideK6 } from '../tools/k6.ts'
import { withStack } from './with-stack.ts'

/**
 * For a cluster of its own, which shares its cores with k6: a VU answers a ping when it comes to it, behind all that has
 * arrived before. What the scenarios judge does not depend on how soon a silent connection counts as lost.
 */
const PING_TIMEOUT_MS = '300000'
/** k6's own for a threshold that does not hold. */
const FAILED = 99
/** The machine was too busy to judge. */
const INVALID = 3
const mostAttempts = 10

/**
 * `make loadtest`: the scenarios of SCENARIO at full size, or all at CI size, against TARGET or against a cluster of its own
 * with throwaway data; one that comes out invalid is run ATTEMPTS times at most. Gives 0 when all passed, 99 when one failed,
 * 3 when one was invalid and none failed, else k6's code.
 */
export async function loadtest(settings: Settings): Promise<number> {
  const scenarios = chosenScenarios(process.env.SCENARIO)
  const attempts = integer(process.env, 'ATTEMPTS', 1, 1, mostAttempts)
  const logDir = statePaths(settings.stateDir).loadtest
  const folder = resolve(process.env.SUMMARY_DIR || join(logDir, stamp(new Date())))
  mkdirSync(folder, { recursive: true })
  const reporter = consoleReporter()
  const k6 = await provideK6({ reporter, logDir })
  reporter.say(`${'Load:'.padEnd(10)} ${k6.chosen}.`)
  if (k6.cannot)
    throw new Failure(
      `This k6 cannot run the scripts, for want of ${k6.cannot}: install k6 ≥ 1.2, or Go to build it with.`,
    )

  const serverEnv = { PING_TIMEOUT_MS: process.env.PING_TIMEOUT_MS || PING_TIMEOUT_MS }
  const env = { ...process.env, SIZE: process.env.SIZE || (process.env.SCENARIO ? 'full' : 'ci') }
  const common = { k6: k6.command, folder, say: reporter.say, env, attempts }
  const target = process.env.TARGET
  const results = target
    ? await attackForeign(target)
    : await withOwnStack(logDir, (stack) => runAll(scenarios, ofStack(stack), () => allReady(stack)))
  return conclude(results, folder, reporter.say)

  function ofStack(stack: Stack): Runs {
    return {
      ...common,
      target: stack.url,
      jwtSecret: stack.jwtSecret,
      serverEnv,
      processes: () => stack.state.processes,
      seesAll: !settings.redisUrl && !settings.queueRedisUrl && !settings.mongoUri,
      actions: (tell) => ownActions(stack.cluster, tell),
    }
  }

  async function attackForeign(address: string): Promise<RunResult[]> {
    const state = statePaths(settings.stateDir).state
    return runAll(scenarios, {
      ...common,
      target: address,
      jwtSecret: process.env.JWT_SECRET,
      // This clone's own cluster can be watched, others cannot.
      processes: () => (runningState(state)?.url === address ? (runningState(state)?.processes ?? []) : []),
      actions: (tell) => foreignActions(process.env.CHAOS_CMD, reporter, tell),
    })
  }

  async function withOwnStack(logs: string, work: (stack: Stack) => Promise<RunResult[]>) {
    let results: RunResult[] = []
    const options = { settings, command: 'loadtest', reporter, logs: join(logs, 'logs'), env: serverEnv }
    await withStack(options, async (stack) => {
      results = await work(stack)
      return 0
    })
    return results
  }
}

type Runs = Omit<RunOptions, 'scenario'> & { attempts: number }

/** One after the other, on one cluster; between two of them it comes to rest. */
async function runAll(
  scenarios: readonly ScenarioFile[],
  { attempts, ...options }: Runs,
  ready: () => Promise<void> = async () => undefined,
): Promise<RunResult[]> {
  const results: RunResult[] = []
  for (const scenario of scenarios) {
    for (let attempt = 1; ; attempt++) {
      await ready()
      options.say(`\n${scenario.name}${attempt > 1 ? ', once more' : ''}`)
      const result = await runScenario({ ...options, scenario })
      if (result.outcome === 'invalid' && attempt < attempts) continue
      results.push(result)
      break
    }
    if (interrupted(results)) break
  }
  return results
}

/** Ctrl-C: k6 ends with 105, or by the signal itself. */
function interrupted(results: readonly RunResult[]): boolean {
  const code = results.at(-1)?.code ?? 0
  return code === 105 || code >= 128
}

/** A scenario that kills a node may end before that is back. */
async function allReady({ cluster }: Stack): Promise<void> {
  const check = async () => {
    const answers = cluster.gateways.map(({ port }) => answersOk(`http://127.0.0.1:${port}/readyz`))
    return (await Promise.all(answers)).every((ready) => ready)
  }
  if (!(await waitUntil(check, { timeoutMs: 60_000, everyMs: 200 })))
    throw new Failure('A gateway did not come back within a minute; see the logs.')
}

function conclude(results: readonly RunResult[], folder: string, say: (text: string) => void): number {
  writeOverview(folder, results)
  // Elsewhere it is not ours to make links.
  if (!process.env.SUMMARY_DIR) linkLatest(folder)
  if (results.length > 1) say(`\n${overviewText(results)}\n`)
  const [only] = results
  say(`Report: ${join(folder, results.length === 1 && only?.report ? `${only.name}.html` : 'index.html')}`)
  const outcomes = new Set(results.map(({ outcome }) => outcome))
  const aborted = results.find(({ outcome }) => outcome === 'aborted')
  if (aborted) return aborted.code || 1
  if (outcomes.has('failed')) return FAILED
  return outcomes.has('invalid') ? INVALID : results.length > 0 ? 0 : 130
}

/** So that a path is known without the time in it. */
function linkLatest(folder: string): void {
  const link = join(dirname(folder), 'latest')
  rmSync(link, { force: true })
  symlinkSync(folder, link)
}

function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-')
}
