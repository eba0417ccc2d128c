import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadStoresConfig } from '@earshot/core/config/load'
import { runJobsCli } from '@earshot/worker/cli'
import type { Cluster } from './cluster.ts'

const entry = fileURLToPath(new URL('../../worker/src/cli/main.ts', import.meta.url))

export interface CommandResult {
  code: number
  out: string
  err: string
}

function environment({ env: { REDIS_URL, REDIS_PREFIX, MONGODB_URI } }: Cluster) {
  return { REDIS_URL, REDIS_PREFIX, MONGODB_URI }
}

/** `npm run jobs -- …` on a cluster's stores, within this process. */
export async function jobsCommand(cluster: Cluster, ...args: string[]): Promise<CommandResult> {
  let out = ''
  let err = ''
  const terminal = {
    out: (text: string) => {
      out += text
    },
    err: (text: string) => {
      err += text
    },
  }
  const code = await runJobsCli(args, loadStoresConfig(environment(cluster)), terminal)
  return { code, out, err }
}

/** The same as an operator runs it. */
export async function jobsProcess(cluster: Cluster, ...args: string[]): Promise<CommandResult> {
  const env = { PATH: process.env.PATH, ...environment(cluster) }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

/** `jobsCommand`, expected to succeed and to answer in JSON. */
export async function jobsJson<T>(cluster: Cluster, ...args: string[]): Promise<T> {
  const { code, out, err } = await jobsCommand(cluster, ...args, '--json')
  if (code !== 0) throw new Error(`jobs ${args.join(' ')}: ${err}`)
  return JSON.parse(out) as T
}
