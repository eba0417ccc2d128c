import { join } from 'node:path'
import { consoleReporter } from '../report/console-reporter.ts'
import { NODE, ROOT, type Settings, statePaths } from '../settings.ts'
import { runInForeground } from '../system/exec.ts'
import { provideChromium } from '../tools/chromium.ts'
import { provideSpeech } from '../tools/speech.ts'
import { NotThisWay } from '../tools/ways.ts'
import { withStack } from './with-stack.ts'

/** `make browser`: people use the page in a real browser, on a cluster of its own that goes with it; one node is killed. */
export function browser(settings: Settings): Promise<number> {
  return inBrowser(settings, 'browser', {
    SHOTS: process.env.SHOTS || join(statePaths(settings.stateDir).logs, 'browser'),
  })
}

/** `make screenshots`: the pictures of docs/web.md. */
export function screenshots(settings: Settings): Promise<number> {
  return inBrowser(settings, 'screenshots', {
    SHOTS: process.env.SHOTS || join(ROOT, 'docs', 'screenshots'),
  })
}

async function inBrowser(settings: Settings, what: string, env: Record<string, string>): Promise<number> {
  const reporter = consoleReporter()
  const logs = join(statePaths(settings.stateDir).logs, what)
  const box = { reporter, logDir: statePaths(settings.stateDir).logs }
  const chromium = await provideChromium(box)
  const missing = chromium instanceof NotThisWay ? [`Chromium (${chromium.why})`] : await provideSpeech(box)
  if (chromium instanceof NotThisWay || missing.length > 0) {
    reporter.say(`Skipped: the page is not tried in a browser, for want of ${missing.join(' and ')}.`)
    return 0
  }
  return withStack(
    { settings, command: what, reporter, logs, env: { DEMO_PEOPLE: 'true' } },
    ({ url, cluster }) =>
      runInForeground(NODE, [join(ROOT, 'services', 'web', 'test', `${what}.ts`)], {
        cwd: ROOT,
        env: {
          ...process.env,
          ...env,
          TARGET: url,
          CHROMIUM: chromium,
          NODES: JSON.stringify(cluster.gateways.map(({ port, pid }) => ({ port, pid }))),
        },
      }),
  )
}
