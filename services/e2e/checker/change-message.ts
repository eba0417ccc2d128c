import type { Change, ChangeAck } from '@earshot/protocol'
import type { Device } from './device.ts'

/** Asks for a change, and applies it as a client does that is answered. */
export async function changeMessage(
  device: Device,
  event: 'edit_message' | 'delete_message' | 'react',
  payload: { messageId: string; content?: string; emoji?: string; remove?: boolean },
): Promise<void> {
  const call = await device.call(event, payload)
  if (!call.answer?.ok) return
  const ack = call.answer as unknown as ChangeAck
  if (ack.changeSeq > 0) device.learnChange(ownChange(device.identity.userId, event, payload, ack))
}

function ownChange(
  userId: string,
  event: string,
  { content = '', emoji = '', remove = false }: { content?: string; emoji?: string; remove?: boolean },
  { messageId, conversationId, changeSeq }: ChangeAck,
): Change {
  const fields = { messageId, conversationId, changeSeq, seq: 0 }
  if (event === 'edit_message') return { type: 'message_edited', ...fields, content, editedAt: '' }
  if (event === 'delete_message') return { type: 'message_deleted', ...fields, deletedAt: '' }
  return { type: 'message_reaction', ...fields, userId, emoji, remove }
}
