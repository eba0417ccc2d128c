/** `npm run vapid`: new keys for notifications, as lines of an environment file. */
import { randomBytes } from 'node:crypto'
import { newVapidKeys } from '../src/notifications/vapid-keys.ts'

for (const [name, key] of Object.entries(newVapidKeys())) console.log(`${name}=${key}`)
console.log(`NOTIFY_WEBHOOK_SECRET=whsec_${randomBytes(32).toString('base64')}`)
