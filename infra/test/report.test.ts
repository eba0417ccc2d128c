import t from 'tap'
import { formatLogLine } from '../report/log-line.ts'
import { duration, table } from '../report/table.ts'
import { whyItEnded, whyItFailed } from '../system/last-words.ts'
import { BriefTap } from '../tap/brief-tap.ts'
import { closingLine, summaryIn } from '../tap/summary.ts'

t.test('a line of pino is shown short, any other as it is', async (t) => {
  const err = { type: 'Error', message: 'gone', stack: 'Error: gone\n  at x' }
  const line = JSON.stringify({
    level: 50,
    time: 0,
    pid: 1,
    hostname: 'h',
    msg: 'no luck',
    userId: 'u1',
    err,
  })
  t.match(formatLogLine('worker-1', line), /^\d\d:\d\d:\d\d worker-1 +error no luck userId=u1 err="gone"$/)
  t.match(formatLogLine('redis', 'Ready to accept connections'), /redis +Ready to accept connections$/)
  t.match(formatLogLine('redis', '{not json'), /\{not json$/)
})

t.test('the words that tell why', async (t) => {
  const pino = JSON.stringify({ level: 60, msg: 'cannot start', err: { message: 'PORT is missing' } })
  const ended = whyItEnded({ code: 1, signal: null }, [
    'hello',
    pino,
    '    at start (main.ts:1:1)',
    'Node.js v24',
  ])
  t.equal(ended, ' (exit code 1: cannot start: PORT is missing)')
  t.equal(whyItEnded({ code: null, signal: 'SIGKILL' }, ['x']), ' (SIGKILL)')
  const build = [
    'error during build:',
    '\x1b[31mCould not resolve x\x1b[0m',
    'then errors follow',
    'npm error code 1',
  ]
  t.equal(whyItFailed(build), 'Could not resolve x')
  t.equal(whyItFailed([]), undefined)
})

t.test("tap's own figures close a run of tests", async (t) => {
  const tap =
    '# { total: 1, pass: 1 }\nok 1 - a.test.ts\n# { total: 6, pass: 3, fail: 1, skip: 1, todo: 1 }\n# time=1ms'
  const summary = summaryIn(tap)
  t.same(summary, { passed: 3, failed: 1, skipped: 2 })
  t.equal(summary && closingLine(summary), '3 passed, 1 failed, 2 skipped')
  t.equal(closingLine({ passed: 2, failed: 0, skipped: 0 }), '2 passed, 0 failed')
  t.equal(summaryIn('TAP version 14'), undefined)
})

t.test('tests are shown a line a file, with what is wrong when they failed', async (t) => {
  const lines: string[] = []
  const brief = new BriefTap((line) => lines.push(line))
  const tap = [
    'TAP version 14',
    '# Subtest: a.test.ts',
    '    ok 1 - fine',
    'ok 1 - a.test.ts # time=5ms',
    '# Subtest: b.test.ts',
    '    ok 1 - right',
    '    not ok 2 - wrong',
    'not ok 2 - b.test.ts # time=6ms',
    '# { total: 2, pass: 1, fail: 1 }',
  ]
  for (const line of tap) brief.line(line)
  t.same(lines, [
    'ok   a.test.ts (5ms)',
    '# Subtest: b.test.ts',
    '    not ok 2 - wrong',
    'FAIL b.test.ts (6ms)',
    '# { total: 2, pass: 1, fail: 1 }',
  ])
})

t.test('tables and durations', async (t) => {
  t.equal(table(['A', 'B'], [['long', 'x']]), 'A     B\nlong  x')
  t.same([5, 75, 3_700, 90_000].map(duration), ['5s', '1m 15s', '1h 1m', '1d 1h'])
})
