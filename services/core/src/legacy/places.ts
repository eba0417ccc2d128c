import { directConversationId } from '@earshot/protocol'
import type { AdoptionStore } from './adoption-store.ts'
import { idOf, idsOf, type OldChat, type OldMessage } from './old-docs.ts'
import type { OldGroups } from './old-groups.ts'

/** The conversation of an old message. */
export interface Place {
  conversationId: string
  senderId: string
  recipientId?: string
  groupId?: string
}

/** Finds the conversations of old messages. For one pass: what it has read of chats and groups it does not read again. */
export class Places {
  readonly #store: AdoptionStore
  readonly #groups: OldGroups
  readonly #chats = new Map<string, Promise<OldChat | null>>()
  readonly #adopted = new Map<string, Promise<void>>()

  constructor(deps: { store: AdoptionStore; groups: OldGroups }) {
    this.#store = deps.store
    this.#groups = deps.groups
  }

  /** `undefined` when nothing tells who may read it. Makes the group of a group's message one of ours. */
  async of(message: OldMessage): Promise<Place | undefined> {
    const senderId = idOf(message.sender)
    if (senderId === undefined) return undefined
    const recipientId = idOf(message.recipientId)
    if (recipientId !== undefined) return direct(senderId, recipientId)
    const groupId = idOf(message.groupId)
    if (groupId !== undefined) return this.#inGroup(senderId, groupId, await this.#chat(groupId))
    const chatId = idOf(message.chat)
    const chat = chatId === undefined ? null : await this.#chat(chatId)
    if (chatId === undefined || !chat) return undefined
    const users = idsOf(chat.users) ?? []
    if (chat.isGroupChat === true || users.length > 2 || users.length === 0) {
      return this.#inGroup(senderId, chatId, chat)
    }
    // Written into a conversation of two others.
    if (!users.includes(senderId)) return undefined
    return direct(senderId, users.find((userId) => userId !== senderId) ?? senderId)
  }

  async #inGroup(senderId: string, groupId: string, chat: OldChat | null): Promise<Place> {
    let adopted = this.#adopted.get(groupId)
    if (!adopted) {
      adopted = this.#groups.adopt(groupId, chat)
      this.#adopted.set(groupId, adopted)
    }
    await adopted
    return { conversationId: groupId, senderId, groupId }
  }

  #chat(chatId: string): Promise<OldChat | null> {
    let chat = this.#chats.get(chatId)
    if (!chat) {
      chat = this.#store.chat(chatId)
      this.#chats.set(chatId, chat)
    }
    return chat
  }
}

function direct(senderId: string, recipientId: string): Place {
  return { conversationId: directConversationId(senderId, recipientId), senderId, recipientId }
}
