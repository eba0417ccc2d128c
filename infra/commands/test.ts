import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../report/console-reporter.ts'
import { startMongo } from '../servers/mongo.ts'
import { startRedis } from '../servers/redis.ts'
import { startS3 } from '../servers/s3.ts'
import { type Settings, statePaths } from '../settings.ts'
import { StateFile } from '../stack/state-file.ts'
import { sweepLeftovers } from '../stack/sweep.ts'
import { runTap, testFiles } from '../tap/tap.ts'
import { provideBalancer } from '../tools/balancer.ts'
import { provideK6 } from '../tools/k6.ts'
import { provideRecogniser } from '../tools/recogniser.ts'
import { provideSpeech } from '../tools/speech.ts'

/** `make test`: tap on all tests or on those of TEST=, with a Redis, a MongoDB and an S3 server of their own. */
export async function test(settings: Settings, args: readonly string[]): Promise<number> {
  const files = testFiles([process.env.TEST ?? '', ...args].filter((pattern) => pattern !== ''))
  const paths = statePaths(settings.stateDir)
  const logs = join(paths.logs, 'test')
  mkdirSync(logs, { recursive: true })
  const reporter = consoleReporter()
  await sweepLeftovers(paths.run, reporter)
  const state = new StateFile(join(paths.run, `test-${process.pid}.json`), {
    command: 'test',
    url: '',
    port: 0,
    logs,
  })
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
  const surroundings = { reporter, logDir: logs, onChange: state.track, signal: stopping.signal }
  const undo: (() => Promise<void>)[] = [async () => state.remove()]
  try {
    // Tests that need them find them; one that installs them itself would run into its time limit.
    await provideSpeech(surroundings)
    await provideRecogniser(surroundings)
    await provideBalancer(surroundings)
    await provideK6(surroundings)
    const urls = await startServers()
    return stopping.signal.aborted ? 130 : await runTap(files, urls, { reporter, logDir: logs })
  } finally {
    for (const step of undo.toReversed()) await step()
  }

  async function startServers(): Promise<NodeJS.ProcessEnv> {
    let { TEST_REDIS_URL, TEST_MONGODB_URI, TEST_S3_URL } = process.env
    if (!TEST_REDIS_URL) {
      const redis = await reporter.step('Starting Redis', () => startRedis(surroundings))
      undo.push(() => redis.stop())
      TEST_REDIS_URL = redis.url
    }
    if (!TEST_MONGODB_URI) {
      const mongo = await reporter.step('Starting MongoDB', () => startMongo(surroundings))
      undo.push(() => mongo.stop())
      TEST_MONGODB_URI = mongo.url
    }
    if (!TEST_S3_URL) {
      const s3 = await reporter.step('Starting S3', () => startS3(surroundings))
      undo.push(() => s3.stop())
      TEST_S3_URL = s3.url
    }
    return { TEST_REDIS_URL, TEST_MONGODB_URI, TEST_S3_URL }
  }
}
