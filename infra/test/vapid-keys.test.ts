import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '@earshot/core/config/load'
import t from 'tap'
import { vapidKeysFrom } from '../stack/vapid-keys.ts'
import { scratch } from './scratch.ts'

t.test('made once, for nobody else to read, and what the services take', async (t) => {
  const path = join(scratch(t), 'state', 'vapid-keys.json')
  const keys = vapidKeysFrom(path)
  t.strictSame(vapidKeysFrom(path), keys)
  t.strictSame(JSON.parse(readFileSync(path, 'utf8')), keys)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.match(loadConfig({ JWT_SECRET: 'a-secret-for-tests', ...keys }), keys)
})
