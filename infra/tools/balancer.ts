import { spawnSync } from 'node:child_process'
import { installWithApt } from './apt.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { firstWay, NotThisWay, once, type Way } from './ways.ts'

export interface BalancerTool {
  kind: 'haproxy' | 'nginx'
  command: string
  /** For people: which one, and how it came here. */
  chosen: string
  /** For people: what it does less well. */
  cannot?: string
}

export const provideBalancer = once(async (box: Toolbox): Promise<BalancerTool> => {
  const { tool, because } = await firstWay('A load balancer', 'Install HAProxy or nginx.', chosenWays(box))
  return because.length === 0 ? tool : { ...tool, chosen: `${tool.chosen} (${because.join('; ')})` }
})

/** In the order of preference; EARSHOT_BALANCER=nginx leaves only that. */
function chosenWays(box: Toolbox): Way<BalancerTool>[] {
  const nginx = async () => installed('nginx', 'on the PATH')
  if (process.env.EARSHOT_BALANCER === 'nginx') return [nginx]
  return [
    async () => installed('haproxy', 'on the PATH'),
    async () =>
      (await installWithApt({ packages: ['haproxy'], services: ['haproxy'] }, box)) ??
      installed('haproxy', 'installed with apt-get'),
    nginx,
  ]
}

function installed(kind: BalancerTool['kind'], how: string): BalancerTool | NotThisWay {
  const command = onPath(kind)
  if (command === undefined) return new NotThisWay(`no ${kind} on the PATH`)
  if (kind === 'haproxy') return { kind, command, chosen: `HAProxy ${versionOf(command)}, ${command} ${how}` }
  const cannot = 'ask gateways for their health (it notices a dead one by its first failed connection)'
  return { kind, command, chosen: `nginx ${versionOf(command)}, ${command} ${how}`, cannot }
}

function versionOf(command: string): string {
  const { stdout, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' })
  return /(\d+\.\d+(\.\d+)?)/.exec(`${stdout}${stderr}`)?.[1] ?? ''
}
