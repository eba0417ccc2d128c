import type { BlockStore } from '@earshot/core/conversations/block-store'
import type { MessageStore } from '@earshot/core/messages/message-store'
import { Contacts } from '@earshot/core/visibility/contacts'
import { Visibility } from '@earshot/core/visibility/visibility'
import { VisibilityStore } from '@earshot/core/visibility/visibility-store'
import type { Db } from 'mongodb'
import type { Realtime } from './realtime-server.ts'

export interface WhoSeesWhom {
  visibility: Visibility
  store: VisibilityStore
  contacts: Contacts
}

/** Who sees whom, and who has blocked whom, remembered for as long as this process hears of changes. */
export function createVisibility(deps: {
  realtime: Pick<Realtime, 'hearing'>
  db: Db
  blocks: BlockStore
  messages: MessageStore
}): WhoSeesWhom {
  const store = new VisibilityStore(deps.db, deps.blocks)
  const contacts = new Contacts(deps.db, deps.messages)
  const { hearing } = deps.realtime
  return {
    store,
    contacts,
    visibility: new Visibility({ store, contacts, hearsOfChanges: () => hearing.isCurrent }),
  }
}
