import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reporter } from '../report/reporter.ts'
import { hasCode } from '../system/failure.ts'
import { isAlive, signalProcess } from '../system/identity.ts'
import { waitUntil } from '../system/wait.ts'
import { type ProcessEntry, readState } from './state-file.ts'

const END_WITHIN_MS = 12_000

/**
 * Ends what a program of this clone left behind when it was killed: processes that its state file names, and its
 * throwaway data. What has the pid by now but another start is not touched.
 */
export async function sweepLeftovers(runDir: string, reporter: Reporter): Promise<void> {
  for (const name of stateFilesIn(runDir)) {
    const path = join(runDir, name)
    const state = readState(path)
    if (state === undefined || isAlive(state.owner)) continue
    const left = state.processes.filter(isAlive)
    if (left.length > 0) {
      const names = left.map(({ role, pid }) => `${role} (pid ${pid})`).join(', ')
      reporter.say(`"${state.command}" (pid ${state.owner.pid}) was killed; ending what it left: ${names}.`)
    }
    await endAll(left)
    for (const folder of state.tempDirs) removeThrowaway(folder)
    rmSync(path, { force: true })
  }
}

function stateFilesIn(runDir: string): string[] {
  try {
    return readdirSync(runDir).filter((name) => name.endsWith('.json'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Services before the databases that they write to. */
async function endAll(processes: readonly ProcessEntry[]): Promise<void> {
  const isService = ({ role }: ProcessEntry) => /^(gateway|worker)-|^balancer$/.test(role)
  for (const group of [processes.filter(isService), processes.filter((entry) => !isService(entry))]) {
    for (const entry of group) signalProcess(entry, entry.role === 'postgres' ? 'SIGINT' : 'SIGTERM')
    const ended = await waitUntil(() => !group.some(isAlive), { timeoutMs: END_WITHIN_MS })
    if (!ended) for (const entry of group) signalProcess(entry, 'SIGKILL', { group: true })
  }
}

/** Whatever the file says: nothing but our own folders in the system's temporary folder. */
function removeThrowaway(folder: string): void {
  if (folder.startsWith(join(tmpdir(), 'earshot-'))) rmSync(folder, { recursive: true, force: true })
}
