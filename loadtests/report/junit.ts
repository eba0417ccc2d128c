import { brokenText } from '../lib/run/verdict.ts'
import type { Report } from './report.ts'
import { escaped } from './svg-plot.ts'

/** JUnit XML as CI servers read it: a suite for the scenario, a case for each threshold. Pure. */
export function junitXml({ scenario, outcome, durationSeconds, startedAtMs, thresholds }: Report): string {
  const cases = thresholds.map((threshold) => {
    const { metric, expression, ok } = threshold
    const about = `classname="${escaped(scenario)}" name="${escaped(`${metric} ${expression}`)}"`
    if (ok) return `    <testcase ${about}/>`
    // What the machine was too busy for is no failure of the server.
    const kind = outcome === 'invalid' ? 'skipped' : 'failure'
    return `    <testcase ${about}>\n      <${kind} message="${escaped(brokenText(threshold))}"/>\n    </testcase>`
  })
  const broken = thresholds.filter(({ ok }) => !ok).length
  return suites({
    name: scenario,
    tests: thresholds.length,
    failures: outcome === 'invalid' ? 0 : broken,
    errors: 0,
    skipped: outcome === 'invalid' ? broken : 0,
    seconds: durationSeconds,
    startedAtMs,
    cases,
  })
}

/** The same for a run that came to no verdict. */
export function junitOfNoVerdict(scenario: string, why: string, startedAtMs: number): string {
  const about = `classname="${escaped(scenario)}" name="came to a verdict"`
  const cases = [`    <testcase ${about}>\n      <error message="${escaped(why)}"/>\n    </testcase>`]
  return suites({
    name: scenario,
    tests: 1,
    failures: 0,
    errors: 1,
    skipped: 0,
    seconds: 0,
    startedAtMs,
    cases,
  })
}

function suites(suite: {
  name: string
  tests: number
  failures: number
  errors: number
  skipped: number
  seconds: number
  startedAtMs: number
  cases: readonly string[]
}): string {
  const { name, tests, failures, errors, skipped, seconds, startedAtMs, cases } = suite
  const at = new Date(startedAtMs).toISOString()
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="${escaped(name)}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds}" timestamp="${at}">
${cases.join('\n')}
  </testsuite>
</testsuites>
`
}
