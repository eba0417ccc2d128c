import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { Failure, hasCode, messageOf } from '../system/failure.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay } from './ways.ts'

const POLICY = '/usr/sbin/policy-rc.d'
let updated = false

export interface AptPackages {
  packages: readonly string[]
  /** Services that the packages bring and that shall not run by themselves. */
  services?: readonly string[]
}

/** Installs Debian's packages where this is allowed; gives undefined when they are there. */
export async function installWithApt({ packages, services = [] }: AptPackages, box: Toolbox) {
  if (onPath('apt-get') === undefined) return new NotThisWay('no apt-get')
  if (process.getuid?.() !== 0) return new NotThisWay('apt-get needs root')
  try {
    await box.reporter.step(`Installing ${packages.join(', ')} with apt-get`, () =>
      install(packages, services, box),
    )
    return undefined
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
}

async function install(
  packages: readonly string[],
  services: readonly string[],
  box: Toolbox,
): Promise<void> {
  const apt = (...args: string[]) =>
    run(`apt-get ${args[0]}`, {
      command: 'apt-get',
      args: ['-o', 'DPkg::Lock::Timeout=300', '-q', '-y', ...args],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      logPath: join(box.logDir, 'apt.log'),
      signal: box.signal,
    })
  if (!updated) await apt('update')
  updated = true
  const policyIsOurs = forbidServiceStarts()
  try {
    await apt('install', '--no-install-recommends', ...packages)
    await disable(services, box)
  } finally {
    if (policyIsOurs) rmSync(POLICY, { force: true })
  }
}

/** Debian starts a server as soon as it is installed, unless this file says no. */
function forbidServiceStarts(): boolean {
  try {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Nor shall it start with the machine. */
async function disable(services: readonly string[], { logDir }: Toolbox): Promise<void> {
  if (services.length === 0 || !existsSync('/run/systemd/system')) return
  await run('systemctl disable', {
    command: 'systemctl',
    args: ['disable', '--now', ...services],
    logPath: join(logDir, 'apt.log'),
  })
}
