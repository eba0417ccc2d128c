import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Set<string>()
let watching = false

/** A folder for throwaway data, gone with `removeTempDir` or with this program. */
export function tempDir(name: string): string {
  if (!watching) process.once('exit', () => made.forEach(removeTempDir))
  watching = true
  const path = mkdtempSync(join(tmpdir(), `earshot-${name}-`))
  made.add(path)
  return path
}

export function removeTempDir(path: string): void {
  if (!made.delete(path)) return
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** Recorded in the state file, for the start after one that was killed. */
export function tempDirs(): string[] {
  return [...made]
}
