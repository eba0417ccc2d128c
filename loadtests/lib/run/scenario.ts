import type { Options } from 'k6/options'
import { type Action, requireControl } from './control.ts'
import { disconnectEverybody } from './crowd.ts'
import { whole } from './env.ts'
import { handleSummaryOf } from './handle-summary.ts'
import { LagWatch } from './lag.ts'
import { metrics } from './metrics.ts'
import { Run, type Start, startRun } from './run.ts'
import type { Thresholds } from './thresholds.ts'
import type { ServerThresholds, SummaryData } from './verdict.ts'

export interface Plan {
  /** The file's name. */
  name: string
  users: number
  /** Users are spread over VUs: one of them is one JavaScript thread. VUS overrides it. */
  usersPerVu: number
  /** Seconds after which all VUs begin together. */
  connectSeconds: number
  /** Seconds after which the run is ended, whatever state it is in. */
  maxSeconds: number
  thresholds: Thresholds
  /** What the scenario wants to be done to the cluster. */
  action?: Action
  /** What the runner, which sees the servers' processes, is to hold against them. */
  servers?: ServerThresholds
  /** Lines for the summary that only this scenario has. */
  says?: (data: SummaryData) => string[]
}

/** What k6 wants of a script; `main` is its default export. */
export interface Scenario {
  options: Options
  setup: () => Start
  handleSummary: (data: SummaryData) => Record<string, string>
  main: (start: Start) => Promise<void>
}

/**
 * A scenario in which each VU does its share once:
 * `const { options, setup, handleSummary, main } = scenario({ … }, async (run) => { … })`.
 */
export function scenario(plan: Plan, work: (run: Run) => Promise<void>): Scenario {
  const vus = whole('VUS', Math.max(1, Math.ceil(plan.users / plan.usersPerVu)), { most: 200 })
  return {
    options: {
      scenarios: {
        all: {
          executor: 'per-vu-iterations',
          vus,
          iterations: 1,
          maxDuration: `${plan.maxSeconds}s`,
          gracefulStop: '5s',
        },
      },
      // A VU that threw, or was cut off, has judged nothing.
      thresholds: { vus_finished: [`count==${vus}`], ...plan.thresholds },
      summaryTrendStats: ['min', 'avg', 'med', 'p(95)', 'p(99)', 'max', 'count'],
      setupTimeout: '120s',
    },
    setup() {
      if (plan.action) requireControl(plan.action)
      return startRun(plan.connectSeconds)
    },
    handleSummary: handleSummaryOf(plan),
    async main(start) {
      const lag = new LagWatch()
      try {
        await work(new Run(start, vus, lag))
        metrics.vusFinished.add(1)
      } finally {
        disconnectEverybody()
        lag.stop()
      }
    },
  }
}
