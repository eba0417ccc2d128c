import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ROOT } from '../settings.ts'
import { attempt, run, runInForeground } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import { BriefTap } from './brief-tap.ts'
import { closingLine, summaryIn } from './summary.ts'

const ALL = [
  'services/*/src/**/*.test.ts',
  'services/*/test/**/*.test.ts',
  'infra/**/*.test.ts',
  'loadtests/**/*.test.ts',
]
/** Tests of faults wait for leases to run out, and CI's machines are slow. */
const FILE_TIMEOUT_SECONDS = 600
const TAP = join(ROOT, 'node_modules', '.bin', 'tap')
const TEST_CLASS = join(ROOT, 'node_modules', '@tapjs', 'test', 'test-built')

/** The files that the patterns name: files, folders or globs. All tests without a pattern. */
export function testFiles(patterns: readonly string[]): string[] {
  const wanted = patterns.length > 0 ? patterns.flatMap((pattern) => pattern.trim().split(/\s+/)) : ALL
  const globs = wanted.map((pattern) => (isFolder(pattern) ? join(pattern, '**/*.test.ts') : pattern))
  const files = globSync(globs, { cwd: ROOT, exclude: (path) => path.includes('node_modules') })
  if (files.length === 0) throw new Failure(`No test file matches ${wanted.join(' ')}.`)
  return [...new Set(files)].sort()
}

function isFolder(pattern: string): boolean {
  return statSync(join(ROOT, pattern), { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Runs tap on the files. Its figures close the output, its exit code is the result. */
export async function runTap(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
  box: Toolbox,
): Promise<number> {
  await buildTestClass(box)
  const tapFile = join(box.logDir, 'test.tap')
  const args = ['--jobs=2', `--timeout=${FILE_TIMEOUT_SECONDS}`, ...files]
  const environment = {
    ...process.env,
    ...env,
    PATH: [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  }
  const code = process.stdout.isTTY
    ? await onTerminal(args, environment, tapFile)
    : await inBrief(args, environment, tapFile)
  const summary = existsSync(tapFile) ? summaryIn(readFileSync(tapFile, 'utf8')) : undefined
  if (summary === undefined)
    throw new Failure(`tap ended with exit code ${code} and gave no figures; see ${tapFile}`)
  process.stdout.write(`${closingLine(summary)}\n`)
  return code
}

function onTerminal(args: readonly string[], env: NodeJS.ProcessEnv, tapFile: string): Promise<number> {
  return runInForeground(process.execPath, [TAP, `--output-file=${tapFile}`, ...args], { cwd: ROOT, env })
}

/** For CI and files: a line a test file, and everything of those that fail. */
async function inBrief(args: readonly string[], env: NodeJS.ProcessEnv, tapFile: string): Promise<number> {
  const brief = new BriefTap((line) => process.stdout.write(`${line}\n`))
  const command = process.execPath
  const { code, output } = await attempt({
    command,
    args: [TAP, '--reporter=tap', ...args],
    cwd: ROOT,
    env,
    onLine: (line) => brief.line(line),
  })
  writeFileSync(tapFile, output)
  return code
}

/** tap wants its test class built for our plugins: once for each installation and configuration. */
async function buildTestClass({ reporter, logDir, signal }: Toolbox): Promise<void> {
  const stamp = join(TEST_CLASS, '.built-for')
  const hash = createHash('sha256')
    .update(readFileSync(join(ROOT, '.taprc')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  const build = {
    command: process.execPath,
    args: [TAP, 'build'],
    cwd: ROOT,
    logPath: join(logDir, 'tap-build.log'),
    signal,
  }
  await reporter.step('Building tap for its plugins', () => run('tap build', build))
  writeFileSync(stamp, hash)
}
