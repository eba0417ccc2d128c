import { createInterface } from 'node:readline/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Reporter } from '../report/reporter.ts'
import type { Cluster } from '../servers/cluster.ts'
import type { Daemon } from '../servers/daemon.ts'
import { runInForeground } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import { waitUntil } from '../system/wait.ts'
import type { Actions } from './control-server.ts'

/** Says what was done, when: to the person, and to the report. */
export type Tell = (text: string) => void

/** A balancer needs a moment to see that a node is back; deployment tools wait for it as well (minReadySeconds). */
const settleMs = 2_000
const names = ['kill-gateway', 'replace-gateways'] as const

/** On a cluster of our own. */
export function ownActions({ gateways }: Cluster, tell: Tell): Actions {
  return {
    'kill-gateway': async () => {
      const [victim] = gateways
      if (!victim) throw new Failure('there is no gateway')
      const { pid } = victim
      await victim.kill('SIGKILL')
      tell(`${victim.role} is killed`)
      void isBack(victim, pid).then((back) => back && tell(`${victim.role} is back`))
    },
    'replace-gateways': async () => {
      for (const gateway of gateways) {
        tell(`${gateway.role} is told to end`)
        await gateway.restart()
        tell(`${gateway.role} is back, another process`)
        await delay(settleMs)
      }
    },
  }
}

/** On somebody else's: by the command of CHAOS_CMD, to which the action's name is appended, or by the person at the terminal. */
export function foreignActions(
  command: string | undefined,
  reporter: Reporter,
  tell: Tell,
): Actions | { refusal: string } {
  const isAttended = process.stdin.isTTY && process.stdout.isTTY
  if (!command && !isAttended)
    return {
      refusal: 'TARGET is not a cluster of ours; CHAOS_CMD must be set to a command that takes the action.',
    }
  const work = (name: string) => async () => {
    if (command) {
      tell(`${command} ${name}`)
      const code = await runInForeground('sh', ['-c', `${command} ${name}`])
      if (code !== 0) throw new Failure(`"${command} ${name}" ended with ${code}`)
    } else await byHand(name, reporter)
    tell(`${name} is done`)
  }
  return Object.fromEntries(names.map((name) => [name, work(name)]))
}

async function byHand(name: string, reporter: Reporter): Promise<void> {
  reporter.say(`\nIt is your turn: ${name}. Press Enter when it is done.`)
  const terminal = createInterface({ input: process.stdin })
  await terminal.question('')
  terminal.close()
}

function isBack(daemon: Daemon, formerPid: number | undefined): Promise<boolean> {
  const check = () => daemon.state === 'up' && daemon.pid !== undefined && daemon.pid !== formerPid
  return waitUntil(check, { timeoutMs: 60_000 })
}
