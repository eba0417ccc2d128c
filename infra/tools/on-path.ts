import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasCode } from '../system/failure.ts'

// Debian keeps servers out of a user's PATH; Homebrew's folders are missing in a program started by an editor.
const USUAL = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin']

/** Where one of these programs is: on the PATH, or in a folder where systems keep their servers. */
export function onPath(...names: string[]): string | undefined {
  return searchIn([...(process.env.PATH ?? '').split(delimiter), ...USUAL], names)
}

export function searchIn(folders: readonly string[], names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const folder of folders) {
      if (folder !== '' && isProgram(join(folder, name))) return join(folder, name)
    }
  }
  return undefined
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return false
    throw error
  }
}

/** The folders below `parent` with `suffix` appended, the highest number first; none when there is no `parent`. */
export function versionedFolders(parent: string, suffix: string): string[] {
  try {
    return readdirSync(parent)
      .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
      .map((version) => join(parent, version, suffix))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return []
    throw error
  }
}
