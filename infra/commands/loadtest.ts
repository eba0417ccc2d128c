import { existsSync, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { consoleReporter } from '../report/console-reporter.ts'
import { ROOT, type Settings, statePaths } from '../settings.ts'
import { runInForeground } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import { provideK6 } from '../tools/k6.ts'
import { withStack } from './with-stack.ts'

/** What a scenario may be told from outside. */
const PASSED_ON = ['USERS', 'RATE', 'DURATION', 'NODES', 'VUS']

/** `make loadtest`: k6 against TARGET, or against a cluster of its own with throwaway data. k6's exit code is the result. */
export async function loadtest(settings: Settings): Promise<number> {
  const wanted = process.env.SCENARIO || 'smoke'
  const script = wanted.endsWith('.ts') ? resolve(wanted) : join(ROOT, 'loadtests', `${wanted}.ts`)
  const scenario = basename(script, '.ts')
  if (!existsSync(script)) throw new Failure(`There is no scenario "${scenario}": ${script} does not exist.`)
  const results = statePaths(settings.stateDir).loadtest
  mkdirSync(results, { recursive: true })
  const reporter = consoleReporter()
  const k6 = await provideK6({ reporter, logDir: results })
  reporter.say(`${'Load:'.padEnd(10)} ${k6.chosen}${k6.cannot ? `. Cannot: ${k6.cannot}` : ''}.`)

  const attack = (target: string, jwtSecret: string | undefined) => {
    const given = PASSED_ON.flatMap((name) =>
      process.env[name] ? ['-e', `${name}=${process.env[name]}`] : [],
    )
    const summary = ['--summary-export', join(results, `${scenario}.json`)]
    const args = ['run', '--no-usage-report', ...summary, '-e', `TARGET=${target}`, ...given, script]
    // The secret goes through the environment, which k6 reads too: arguments are for all users to see.
    const env = { ...process.env, ...(jwtSecret && { JWT_SECRET: jwtSecret }) }
    return runInForeground(k6.command, args, { cwd: ROOT, env })
  }
  const target = process.env.TARGET
  if (target) return attack(target, process.env.JWT_SECRET)
  return withStack({ settings, command: 'loadtest', reporter, logs: join(results, 'logs') }, (stack) =>
    attack(stack.url, stack.jwtSecret),
  )
}
