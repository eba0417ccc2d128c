import { fileURLToPath } from 'node:url'
import { readSettings } from '../../../infra/settings.ts'

/** What is measured: the cluster itself, or one of those that it is compared with (`compare/`). */
export type Program = 'earshot' | 'plain' | 'one-by-one' | 'relay'

export interface ProgramParts {
  nodeEntry: string
  workerEntry?: string
  /** Whether it stores anything. */
  hasDatabase: boolean
}

export function partsOf(program: Program): ProgramParts {
  if (program === 'earshot') {
    const { gatewayEntry, workerEntry } = readSettings()
    return { nodeEntry: gatewayEntry, workerEntry, hasDatabase: true }
  }
  const nodeEntry = fileURLToPath(new URL(`../compare/${program}.ts`, import.meta.url))
  return { nodeEntry, hasDatabase: program === 'one-by-one' }
}
