import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { ROOT } from '../settings.ts'
import { Failure } from '../system/failure.ts'

export interface ScenarioFile {
  name: string
  path: string
}

const folder = join(ROOT, 'loadtests')
/** In the order in which they run when all do: what breaks the cluster on purpose comes last. */
export const allScenarios = [
  'smoke',
  'messages-10000',
  'users-1000',
  'voice',
  'groups',
  'mixed',
  'soak',
  'breakpoint',
  'reconnect-storm',
  'rolling-deploy',
]

/** The scenarios that SCENARIO names (by name or by file, separated by commas or blanks); all without it. */
export function chosenScenarios(wanted: string | undefined): ScenarioFile[] {
  const names = (wanted ?? '').split(/[\s,]+/).filter((name) => name !== '')
  return (names.length > 0 ? names : allScenarios).map((name) => {
    const path = name.endsWith('.ts') ? resolve(name) : join(folder, `${name}.ts`)
    if (existsSync(path)) return { name: basename(path, '.ts'), path }
    throw new Failure(`SCENARIO names "${name}", which is not there. There are: ${allScenarios.join(', ')}.`)
  })
}
