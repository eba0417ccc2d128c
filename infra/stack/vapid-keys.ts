import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newVapidKeys, type VapidKeys } from '@earshot/core/notifications/vapid-keys'
import { hasCode } from '../system/failure.ts'

/** The keys of this clone's push notifications: made once, since browsers stay subscribed with them. */
export function vapidKeysFrom(path: string): VapidKeys {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VapidKeys
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const keys = newVapidKeys()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  return keys
}
