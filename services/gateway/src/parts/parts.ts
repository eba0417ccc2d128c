import { type Basis, createBasis } from './basis.ts'
import { createGroups } from './groups.ts'
import { createMedia } from './media.ts'
import { createMessaging } from './messaging.ts'
import { createPresence } from './presence.ts'

export { createBasis }

export type Parts = Awaited<ReturnType<typeof createParts>>

/** All parts, on one basis. */
export async function createParts(basis: Basis) {
  const messaging = await createMessaging(basis)
  return {
    basis,
    messaging,
    groups: createGroups(basis),
    presence: createPresence(basis),
    media: createMedia(basis, messaging.library),
  }
}
