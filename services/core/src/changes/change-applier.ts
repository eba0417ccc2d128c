import { createHash } from 'node:crypto'
import type { Collection, Db, Filter, UpdateFilter } from 'mongodb'
import { toDbId } from '../clients/mongo.ts'
import { fieldsOfMessage, type StoredMessage } from '../legacy/adopted.ts'
import type { ChangeDoc } from './change-store.ts'

/**
 * Brings changes of the log into the messages themselves. Each may be applied twice, and late: an older change never
 * overwrites a newer one of its kind.
 */
export class ChangeApplier {
  readonly #messages: Collection<StoredMessage>

  constructor(db: Db) {
    this.#messages = db.collection<StoredMessage>('messages')
  }

  async apply(change: ChangeDoc): Promise<void> {
    const step = stepOf(change)
    if (!step) return
    await this.#messages.updateOne(
      { _id: toDbId(change.messageId), ...step.guard },
      { ...step.update, $max: { changeSeq: change.changeSeq } },
    )
  }
}

function stepOf(
  change: ChangeDoc,
): { guard: Filter<StoredMessage>; update: UpdateFilter<StoredMessage> } | undefined {
  const { changeSeq } = change
  const fields = fieldsOfMessage(change.messageId)
  switch (change.kind) {
    case 'edit':
      return {
        guard: { deletedAt: null, $nor: [{ editChangeSeq: { $gte: changeSeq } }] },
        update: { $set: { content: change.content, editedAt: change.at, editChangeSeq: changeSeq } },
      }
    case 'delete':
      return {
        guard: { deletedAt: null },
        update: {
          $set: { deletedAt: change.at, content: '' },
          $unset: { ...unset([...fields.carried, fields.reactions]), editedAt: '' },
        },
      }
    case 'reaction': {
      const { userId, emoji, remove } = change
      const field = `${fields.reactions}.${reactionKey(userId, emoji)}`
      return {
        guard: { deletedAt: null, $nor: [{ [`${field}.changeSeq`]: { $gte: changeSeq } }] },
        update: { $set: { [field]: { userId, emoji, changeSeq, isRemoved: remove } } },
      }
    }
    case 'void':
      return undefined
  }
}

function unset(fields: string[]): Record<string, ''> {
  return Object.fromEntries(fields.map((field) => [field, '' as const]))
}

/** A user's reaction of a kind is one field, named so that no user's or emoji's characters matter to MongoDB. */
export function reactionKey(userId: string, emoji: string): string {
  return createHash('sha256').update(`${userId.length}:${userId}${emoji}`).digest('base64url').slice(0, 16)
}
