import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { hasCode } from '../system/failure.ts'

/** What is built or downloaded serves every clone of this user. */
export function cacheRoot(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'earshot')
}

export function cacheDir(tool: string, version: string): string {
  return join(cacheRoot(), `${tool}-${version}-${process.platform}-${process.arch}`)
}

/**
 * The cached folder, made by `make` when it is not there. It is made under another name and renamed when complete:
 * a build that is broken off leaves nothing that looks finished, and of two at once the first to end wins.
 */
export async function cached(
  tool: string,
  version: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cacheDir(tool, version)
  if (existsSync(folder)) return folder
  mkdirSync(cacheRoot(), { recursive: true })
  const unfinished = mkdtempSync(join(cacheRoot(), `.${basename(folder)}-`))
  try {
    await make(unfinished)
    renameSync(unfinished, folder)
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}
