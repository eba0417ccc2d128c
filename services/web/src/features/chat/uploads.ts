import { type EarshotClient, newMessageId } from '@earshot/client'
import type { FileRef } from '@earshot/protocol'
import { errorText } from '../../app/error-text.ts'
import type { Store } from '../../app/store.ts'
import { addressOf } from './address.ts'
import type { ChatState, Outgoing } from './chat-state.ts'

/** Files on their way: first to the server, in pieces, then as a message. */
export class Uploads {
  readonly #client: EarshotClient
  readonly #selfId: string
  readonly #state: Store<ChatState>
  readonly #active = new Map<string, AbortController>()

  constructor(client: EarshotClient, self: { userId: string }, state: Store<ChatState>) {
    this.#client = client
    this.#selfId = self.userId
    this.#state = state
  }

  send(conversationId: string, file: File): void {
    const clientMessageId = newMessageId()
    const { name, size } = file
    this.#state.update((state) => ({
      ...state,
      outgoing: [
        ...state.outgoing,
        {
          clientMessageId,
          conversationId,
          content: '',
          file: { url: '', name, mimeType: file.type, size },
          upload: { sentBytes: 0, totalBytes: size },
          createdAt: new Date().toISOString(),
        },
      ],
    }))
    void this.#run(conversationId, clientMessageId, file)
  }

  cancel(clientMessageId: string): void {
    this.#active.get(clientMessageId)?.abort()
  }

  stop(): void {
    for (const stop of this.#active.values()) stop.abort()
  }

  async #run(conversationId: string, clientMessageId: string, file: File): Promise<void> {
    const stop = new AbortController()
    this.#active.set(clientMessageId, stop)
    try {
      const media = await this.#client.upload(file, {
        name: file.name,
        signal: stop.signal,
        onProgress: (upload) => this.#change(clientMessageId, (item) => ({ ...item, upload })),
      })
      const { url, mimeType, size, width, height } = media
      const reference: FileRef = {
        url,
        name: file.name,
        mimeType,
        size,
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
      }
      await this.#sendMessage(conversationId, clientMessageId, reference)
    } catch (error) {
      if (stop.signal.aborted) return
      this.#change(clientMessageId, ({ upload: _upload, ...item }) => ({ ...item, error: errorText(error) }))
    } finally {
      this.#active.delete(clientMessageId)
    }
  }

  async #sendMessage(conversationId: string, clientMessageId: string, file: FileRef): Promise<void> {
    const address = addressOf(conversationId, this.#selfId)
    const message = { messageType: 'file' as const, content: '', file, clientMessageId }
    if ('groupId' in address) await this.#client.sendGroupMessage({ ...address, ...message })
    else await this.#client.sendMessage({ ...address, ...message })
  }

  #change(clientMessageId: string, change: (item: Outgoing) => Outgoing): void {
    this.#state.update((state) => ({
      ...state,
      outgoing: state.outgoing.map((item) =>
        item.clientMessageId === clientMessageId ? change(item) : item,
      ),
    }))
  }
}
