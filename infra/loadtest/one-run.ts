import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { invalidText } from '../../loadtests/lib/run/summary.ts'
import { brokenText, outcomeOf, type Verdict } from '../../loadtests/lib/run/verdict.ts'
import { htmlPage } from '../../loadtests/report/html.ts'
import { junitOfNoVerdict, junitXml } from '../../loadtests/report/junit.ts'
import { readRecording } from '../../loadtests/report/recording.ts'
import type { Machine, Mark, Report } from '../../loadtests/report/report.ts'
import { serverVerdicts } from '../../loadtests/report/server-thresholds.ts'
import { withoutCredentials } from '../settings.ts'
import { type Actions, startControlServer } from './control-server.ts'
import { runK6 } from './k6-process.ts'
import type { ScenarioFile } from './scenarios.ts'
import { UsageSampler, type Watched } from './usage-sampler.ts'

export interface RunOptions {
  scenario: ScenarioFile
  k6: string
  target: string
  jwtSecret: string | undefined
  /** What differs from the defaults of the cluster's services, as far as it is known. */
  serverEnv?: Record<string, string>
  /** Where the report goes. */
  folder: string
  /** The servers' processes, those that can be seen from here. */
  processes: () => readonly Watched[]
  /** Whether these are all of them, databases too. */
  seesAll?: boolean
  /** What can be done to the cluster; each is told to the report by `tell`. */
  actions: (tell: (text: string) => void) => Actions | { refusal: string }
  say: (text: string) => void
  env: NodeJS.ProcessEnv
}

/** What became of one scenario. `aborted`: it came to no verdict, k6 has said why. */
export interface RunResult {
  name: string
  outcome: Report['outcome'] | 'aborted'
  /** k6's. */
  code: number
  report: Report | undefined
}

/** k6 ended by itself and all thresholds hold, or some do not. */
const withVerdict = new Set([0, 99])

/** Runs one scenario and leaves its report as a page, as JSON and as JUnit. */
export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, k6, target, jwtSecret, folder, say } = options
  const startedAtMs = Date.now()
  const before = machine()
  const marks: Mark[] = []
  const tell = (text: string) => {
    marks.push({ atMs: Date.now(), text })
    say(text)
  }
  let k6Pid: number | undefined
  const sampler = new UsageSampler(
    () => [...options.processes(), ...(k6Pid === undefined ? [] : [{ role: 'k6', pid: k6Pid }])],
    { knowsCluster: options.seesAll === true },
  )
  const control = await startControlServer(options.actions(tell))
  const recording = join(folder, `${scenario.name}.recording.ndjson`)
  sampler.start()
  const code = await runK6({
    command: k6,
    script: scenario.path,
    cwd: folder,
    // The secret goes through the environment, which k6 reads too: arguments are for all users to see.
    env: {
      // Nearly half of its work would be collecting garbage; it has memory to spare.
      GOGC: '400',
      ...options.env,
      ...dashboard(recording),
      TARGET: target,
      ...(jwtSecret && { JWT_SECRET: jwtSecret }),
      CONTROL_URL: control.url,
      SUMMARY_DIR: folder,
    },
    onStart: (pid) => {
      k6Pid = pid
    },
  }).finally(() => control.close())
  const processes = sampler.stop()

  const verdict = withVerdict.has(code)
    ? readVerdict(join(folder, `${scenario.name}.summary.json`))
    : undefined
  if (!verdict || !existsSync(recording)) {
    const why = `k6 ended with ${code} and without a verdict`
    writeFileSync(
      join(folder, `${scenario.name}.junit.xml`),
      junitOfNoVerdict(scenario.name, why, startedAtMs),
    )
    return { name: scenario.name, outcome: 'aborted', code, report: undefined }
  }
  const heldUp = [...verdict.heldUp, ...sampler.heldUp()]
  const ofServers = serverVerdicts(verdict.servers, processes)
  const report: Report = {
    ...verdict,
    outcome: ofServers.every(({ ok }) => ok) ? outcomeOf(verdict.thresholds, heldUp) : 'failed',
    heldUp,
    settings: { ...verdict.settings, ...options.serverEnv },
    thresholds: [...verdict.thresholds, ...ofServers],
    startedAtMs,
    target: withoutCredentials(target),
    machine: before,
    processes,
    series: readRecording(readFileSync(recording, 'utf8')),
    marks,
  }
  rmSync(recording)
  if (report.outcome !== verdict.outcome) say(reasons(report))
  writeReport(folder, report)
  return { name: scenario.name, outcome: report.outcome, code, report }
}

/** Why a run comes to something else than k6 itself has said, which sees neither the servers nor the machine. */
function reasons(report: Report): string {
  const { scenario, outcome, thresholds } = report
  const why =
    outcome === 'invalid'
      ? invalidText(report)
      : thresholds
          .filter(({ ok }) => !ok)
          .map(brokenText)
          .join('\n')
  return `${scenario}: ${outcome.toUpperCase()} after all\n\n${why}\n`
}

function writeReport(folder: string, report: Report): void {
  const path = (suffix: string) => join(folder, `${report.scenario}.${suffix}`)
  writeFileSync(path('html'), htmlPage(report))
  writeFileSync(path('report.json'), JSON.stringify(report))
  writeFileSync(path('junit.xml'), junitXml(report))
}

/** What the scenario itself wrote; the report has all of it. */
function readVerdict(path: string): Verdict | undefined {
  if (!existsSync(path)) return undefined
  const verdict = JSON.parse(readFileSync(path, 'utf8')) as Verdict
  rmSync(path)
  return verdict
}

/** k6's dashboard without its own page: it records each second's figures. Whoever sets its port gets the page as well. */
function dashboard(recording: string): NodeJS.ProcessEnv {
  return {
    K6_WEB_DASHBOARD: 'true',
    K6_WEB_DASHBOARD_PORT: process.env.K6_WEB_DASHBOARD_PORT || '-1',
    K6_WEB_DASHBOARD_PERIOD: '1s',
    K6_WEB_DASHBOARD_RECORD: recording,
  }
}

function machine(): Machine {
  return {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
  }
}
