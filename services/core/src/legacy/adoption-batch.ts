import type { MessageType } from '@earshot/protocol'
import type { ObjectId } from 'mongodb'
import { fromDbId } from '../clients/mongo.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import { headsOf } from '../conversations/head.ts'
import type { Fanout } from '../fanout.ts'
import { type MessageDoc, toMessage } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Sequencer } from '../messages/sequencer.ts'
import type { Metrics } from '../observability/metrics.ts'
import { type Adoption, type StoredMessage, toMessageDoc } from './adopted.ts'
import type { AdoptionNotes } from './adoption-notes.ts'
import type { AdoptionStore } from './adoption-store.ts'
import { fileOf, voiceOf } from './carried.ts'
import { isFresh, type OldMessage } from './old-docs.ts'
import type { Place } from './places.ts'

/** A message whose conversation is known, and that has no number yet. */
export interface Candidate {
  _id: ObjectId
  place: Place
  sender: MessageDoc['sender']
  createdAt: Date
}

interface Ready {
  candidate: Candidate
  message: OldMessage
  earshot: Adoption
}

const maxTries = 5

/**
 * Heads of conversations that Redis does not know, as MongoDB has them: what others noted of them may be behind, and a
 * batch of which only some find their place taken would lose its order.
 */
export function openAtHead(
  conversations: ConversationStore,
  messages: MessageStore,
): (conversationIds: string[]) => Promise<Map<string, number>> {
  return async (conversationIds) => {
    const heads = await conversations.open(conversationIds)
    for (const id of conversationIds) heads.set(id, await messages.headSeq(id))
    return heads
  }
}

/** Some messages on their way: read → numbered → written → listed → told. */
export class AdoptionBatch {
  readonly #store: AdoptionStore
  readonly #messages: MessageStore
  readonly #sequencer: Sequencer
  readonly #conversations: ConversationStore
  readonly #notes: AdoptionNotes
  readonly #fanout: Fanout
  readonly #metrics: Metrics

  constructor(deps: {
    store: AdoptionStore
    messages: MessageStore
    sequencer: Sequencer
    conversations: ConversationStore
    notes: AdoptionNotes
    fanout: Fanout
    metrics: Metrics
  }) {
    this.#store = deps.store
    this.#messages = deps.messages
    this.#sequencer = deps.sequencer
    this.#conversations = deps.conversations
    this.#notes = deps.notes
    this.#fanout = deps.fanout
    this.#metrics = deps.metrics
  }

  /** In the order in which they are to be numbered. */
  async adopt(candidates: Candidate[]): Promise<void> {
    if (candidates.length === 0) return
    const whole = await this.#store.whole(candidates.map(({ _id }) => _id))
    let waiting = candidates.flatMap((candidate, i) => {
      const message = whole[i]
      return message ? [readyFrom(candidate, message)] : []
    })
    if (waiting.length === 0) return
    const conversationIds = [...new Set(waiting.map(({ candidate }) => candidate.place.conversationId))]
    await this.#notes.headsOwed(conversationIds)
    const adopted: MessageDoc[] = []
    for (let tries = 0; tries < maxTries && waiting.length > 0; tries++) {
      const { done, displaced } = await this.#write(waiting)
      adopted.push(...done)
      waiting = displaced
    }
    await this.#list(adopted)
    await this.#notes.headsNoted(conversationIds)
    this.#metrics.legacyAdopted.inc(adopted.length)
    for (const doc of adopted) {
      if (isFresh(doc.createdAt) && (await this.#notes.mayTell(doc._id))) this.#tell(doc)
    }
  }

  /** Lists what a worker wrote that then died. */
  async finishLeft(): Promise<void> {
    const owed = await this.#notes.owedHeads()
    for (const conversationId of owed)
      await this.#list(await this.#messages.before(conversationId, undefined, 1))
    if (owed.length > 0) await this.#notes.headsNoted(owed)
  }

  async #write(waiting: Ready[]): Promise<{ done: MessageDoc[]; displaced: Ready[] }> {
    const byConversation = Map.groupBy(waiting, ({ candidate }) => candidate.place.conversationId)
    const numbers = await this.#sequencer.allocate(
      new Map(
        [...byConversation].map(([id, of]) => [id, of.map(({ candidate }) => fromDbId(candidate._id))]),
      ),
    )
    const adoptedAt = new Date()
    const numbered = [...byConversation].flatMap(([conversationId, of]) =>
      of.map((ready, i) => {
        const seq = numbers.get(conversationId)?.[i]
        if (seq === undefined) throw new Error('a message was not numbered')
        const fields = { conversationId, seq, earshot: { ...ready.earshot, adoptedAt } }
        return { ready, write: { _id: ready.candidate._id, ...fields } }
      }),
    )
    const outcomes = await this.#store.write(numbered.map(({ write }) => write))
    const done: MessageDoc[] = []
    const displaced: Ready[] = []
    for (const [i, { ready, write }] of numbered.entries()) {
      if (outcomes[i] === 'adopted') {
        const doc = toMessageDoc({ ...ready.message, ...write } as StoredMessage)
        if (doc) done.push(doc)
        continue
      }
      await this.#sequencer.forget(write.conversationId, fromDbId(write._id), write.seq)
      if (outcomes[i] !== 'place-taken') continue
      displaced.push(ready)
      // Redis counted from too low: it was wiped, or a hole was closed before we came.
      await this.#sequencer.raise(write.conversationId, await this.#messages.headSeq(write.conversationId))
    }
    return { done, displaced }
  }

  async #list(docs: MessageDoc[]): Promise<void> {
    await this.#conversations.advance(headsOf(docs))
  }

  #tell(doc: MessageDoc): void {
    const message = toMessage(doc)
    const isVoice = doc.messageType === 'voice'
    if (doc.groupId !== undefined) {
      this.#fanout.toGroup(doc.groupId, isVoice ? 'new_group_voice_message' : 'new_group_message', message)
      return
    }
    for (const userId of new Set([doc.recipientId ?? doc.sender._id, doc.sender._id])) {
      this.#fanout.toUser(userId, isVoice ? 'new_voice_message' : 'new_message', message)
    }
  }
}

function readyFrom(candidate: Candidate, message: OldMessage): Ready {
  const { place, sender, createdAt } = candidate
  const { recipientId, groupId } = place
  const voice = voiceOf(message)
  const file = voice ? undefined : fileOf(message)
  const messageType: MessageType = voice ? 'voice' : file ? 'file' : 'text'
  const earshot: Adoption = {
    sender,
    messageType,
    ...(recipientId !== undefined && { recipientId }),
    ...(groupId !== undefined && { groupId }),
    createdAt,
    adoptedAt: new Date(),
    ...(voice && { voice }),
    ...(file && { file }),
  }
  // Its audio is known by now; what is left of it is small.
  const { voiceMessage: _audio, fileUrl: _file, ...rest } = message
  return { candidate, message: rest, earshot }
}
