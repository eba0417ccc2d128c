import { spawnSync } from 'node:child_process'
import { installWithApt } from './apt.ts'
import { type ContainerEngine, containerEngine } from './container.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { firstWay, NotThisWay, once, type Way } from './ways.ts'

/** Sharded pub/sub came with Redis 7; Valkey has had it from its first release. */
const LEAST_REDIS = 7

export type RedisTool = {
  /** For people: which server, and how it came here. */
  chosen: string
} & ({ kind: 'program'; command: string } | { kind: 'container'; engine: ContainerEngine; image: string })

export const provideRedis = once(async (box: Toolbox): Promise<RedisTool> => {
  const remedy = 'Install Redis 7 or later, or give the address of one in REDIS_URL.'
  const { tool, because } = await firstWay('Redis', remedy, ways(box))
  return because.length === 0 ? tool : { ...tool, chosen: `${tool.chosen} (${because.join('; ')})` }
})

const ways = (box: Toolbox): Way<RedisTool>[] => [
  async () => installed('on the PATH'),
  async () =>
    (await installWithApt({ packages: ['redis-server'], services: ['redis-server'] }, box)) ??
    installed('installed with apt-get'),
  async () => {
    const engine = containerEngine()
    if (engine === undefined) return new NotThisWay('no container engine answers')
    return { kind: 'container', engine, image: 'redis:7', chosen: `Redis 7 in a container (${engine.name})` }
  },
]

function installed(how: string): RedisTool | NotThisWay {
  const command = onPath('redis-server', 'valkey-server')
  if (command === undefined) return new NotThisWay('no redis-server or valkey-server on the PATH')
  const said = spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const version = /v=(\d+)([.\d]*)/.exec(said)
  const name = /valkey/i.test(said) ? 'Valkey' : 'Redis'
  if (name === 'Redis' && Number(version?.[1]) < LEAST_REDIS) {
    return new NotThisWay(
      `${command} is version ${version?.[1]}${version?.[2]}, which has no sharded pub/sub`,
    )
  }
  return { kind: 'program', command, chosen: `${name} ${version?.[1]}${version?.[2]}, ${command} ${how}` }
}
