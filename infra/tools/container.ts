import { spawnSync } from 'node:child_process'
import { onPath } from './on-path.ts'

const ANSWER_WITHIN_MS = 3_000

export interface ContainerEngine {
  command: string
  name: string
}

/** An engine that answers. Many machines have only docker's client, which is of no use. */
export function containerEngine(): ContainerEngine | undefined {
  for (const name of ['docker', 'podman']) {
    const command = onPath(name)
    if (command === undefined) continue
    const { status } = spawnSync(command, ['info'], { stdio: 'ignore', timeout: ANSWER_WITHIN_MS })
    if (status === 0) return { command, name }
  }
  return undefined
}

export interface ContainerRun {
  image: string
  name: string
  port: number
  containerPort: number
  dataDir: string
  dataMount: string
  args: readonly string[]
}

/** The command that runs a server in a container in the foreground, so that it is a child like any other. */
export function runInContainer(
  { command }: ContainerEngine,
  run: ContainerRun,
): { command: string; args: string[] } {
  const publish = `127.0.0.1:${run.port}:${run.containerPort}`
  const mount = `${run.dataDir}:${run.dataMount}`
  return {
    command,
    args: [
      'run',
      '--rm',
      '--name',
      run.name,
      '--publish',
      publish,
      '--volume',
      mount,
      run.image,
      ...run.args,
    ],
  }
}

/** A client that was killed leaves its container behind, and the name taken. */
export function removeContainer({ command }: ContainerEngine, name: string): void {
  spawnSync(command, ['rm', '--force', name], { stdio: 'ignore', timeout: 30_000 })
}
