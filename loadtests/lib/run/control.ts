import http from 'k6/http'
import { countFault, metrics } from './metrics.ts'
import { abort } from './run.ts'
import { sleep } from './wait.ts'

/** What a scenario may want to happen to the cluster. It cannot do it: whoever runs it serves CONTROL_URL. */
export type Action = 'kill-gateway' | 'replace-gateways'

const url = (__ENV.CONTROL_URL ?? '').replace(/\/+$/, '')
const askEveryMs = 500
const meanings: Record<Action, string> = {
  'kill-gateway': 'kills a gateway',
  'replace-gateways': 'replaces every gateway',
}

/** For `setup`: ends the run when nobody is there who can do it. */
export function requireControl(action: Action): void {
  const who = `This scenario ${meanings[action]}`
  if (url === '') abort(`${who}, and CONTROL_URL is not set: run it by make loadtest, or serve it (README).`)
  const { status, body, error } = http.get(`${url}/${action}`, { tags: { name: 'control' } })
  if (status === 0) abort(`${who}, and nobody answers at CONTROL_URL (${error}).`)
  if (status !== 200) abort(`${who}, and at CONTROL_URL they say: ${body}`)
}

/**
 * Has it done once, however many VUs ask, and resolves when it is.
 * @throws {Error} when it failed
 */
export async function act(action: Action): Promise<void> {
  const params = { tags: { name: 'control' } }
  let response = await http.asyncRequest('POST', `${url}/${action}`, null, params)
  for (;;) {
    const { state, error } = (response.status === 200 ? response.json() : {}) as {
      state?: string
      error?: string
    }
    if (state === 'done') return
    if (state !== 'running') {
      const why = error ?? `it answers ${response.status}: ${response.body || response.error}`
      countFault(metrics.actionFailures, 'action_failures', `${action}: ${why}`)
      throw new Error(`${action}: ${why}`)
    }
    await sleep(askEveryMs)
    response = await http.asyncRequest('GET', `${url}/${action}`, null, params)
  }
}
