import { spawnSync } from 'node:child_process'

interface Command {
  command: string
  args: readonly string[]
}

let available: boolean | undefined

/**
 * Where Linux's setpriv exists, lets the kernel ask the child to end when this program is killed without a chance to
 * do it itself. Elsewhere the next start finds the leftovers in the state file.
 */
export function bindToParent({
  command,
  args,
  stopSignal = 'SIGTERM',
}: Command & { stopSignal?: NodeJS.Signals | undefined }): Command {
  available ??= process.platform === 'linux' && knowsPdeathsig()
  if (!available) return { command, args }
  return { command: 'setpriv', args: ['--pdeathsig', stopSignal.slice('SIG'.length), '--', command, ...args] }
}

function knowsPdeathsig(): boolean {
  return spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], { stdio: 'ignore' }).status === 0
}
