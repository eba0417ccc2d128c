import { type EarshotClient, newMessageId } from '@earshot/client'
import type { FileRef, MediaRecord, VoiceInput } from '@earshot/protocol'
import { errorText } from '../../app/error-text.ts'
import type { Store } from '../../app/store.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import { addressOf } from './address.ts'
import type { ChatState, Outgoing } from './chat-state.ts'

/** Larger recordings are uploaded: as much as the contract lets through a socket, less what base64 adds. */
const socketVoiceBytes = 2_500_000

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
    this.#show({
      clientMessageId,
      conversationId,
      content: '',
      file: { url: '', name, mimeType: file.type, size },
      upload: { sentBytes: 0, totalBytes: size },
      createdAt: new Date().toISOString(),
    })
    void this.#run(clientMessageId, file, name, ({ url, mimeType, size, width, height }) =>
      this.#sendFile(conversationId, clientMessageId, {
        url,
        name,
        mimeType,
        size,
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
      }),
    )
  }

  /** `sendNow` gets what fits through the socket. */
  async sendVoice(
    conversationId: string,
    { blob, duration, waveform }: VoiceRecording,
    replyTo: string | undefined,
    sendNow: (voice: VoiceInput) => void,
  ): Promise<void> {
    const voice = { duration, mimeType: blob.type, size: blob.size, waveform }
    if (blob.size <= socketVoiceBytes) return sendNow({ ...voice, url: await dataUrl(blob) })
    const clientMessageId = newMessageId()
    this.#show({
      clientMessageId,
      conversationId,
      content: '',
      voiceMessage: voice,
      upload: { sentBytes: 0, totalBytes: blob.size },
      createdAt: new Date().toISOString(),
    })
    await this.#run(clientMessageId, blob, 'voice-message', async ({ url }) => {
      const address = addressOf(conversationId, this.#selfId)
      const options = {
        voiceMessage: { ...voice, url },
        clientMessageId,
        ...(replyTo !== undefined && { replyTo }),
      }
      if ('recipientId' in address) await this.#client.sendVoiceMessage({ ...address, ...options })
      else await this.#client.sendGroupMessage({ ...address, messageType: 'voice', ...options })
    })
  }

  cancel(clientMessageId: string): void {
    this.#active.get(clientMessageId)?.abort()
  }

  stop(): void {
    for (const stop of this.#active.values()) stop.abort()
  }

  async #run(
    clientMessageId: string,
    content: Blob,
    name: string,
    send: (media: MediaRecord) => Promise<void>,
  ): Promise<void> {
    const stop = new AbortController()
    this.#active.set(clientMessageId, stop)
    try {
      const media = await this.#client.upload(content, {
        name,
        signal: stop.signal,
        onProgress: (upload) => this.#change(clientMessageId, (item) => ({ ...item, upload })),
      })
      await send(media)
    } catch (error) {
      if (stop.signal.aborted) return
      this.#change(clientMessageId, ({ upload: _upload, ...item }) => ({ ...item, error: errorText(error) }))
    } finally {
      this.#active.delete(clientMessageId)
    }
  }

  async #sendFile(conversationId: string, clientMessageId: string, file: FileRef): Promise<void> {
    const address = addressOf(conversationId, this.#selfId)
    const message = { messageType: 'file' as const, content: '', file, clientMessageId }
    if ('groupId' in address) await this.#client.sendGroupMessage({ ...address, ...message })
    else await this.#client.sendMessage({ ...address, ...message })
  }

  #show(item: Outgoing): void {
    this.#state.update((state) => ({ ...state, outgoing: [...state.outgoing, item] }))
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

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('The recording could not be read.'))
    reader.readAsDataURL(blob)
  })
}
