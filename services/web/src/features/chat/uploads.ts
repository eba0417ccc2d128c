import { type EarshotClient, isRetryable, newMessageId } from '@earshot/client'
import type { MediaRecord, SendAck } from '@earshot/protocol'
import { errorText } from '../../app/error-text.ts'
import type { Store } from '../../app/store.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import { addressOf } from './address.ts'
import type { ChatState, Outgoing } from './chat-state.ts'
import type { KeptUpload, UploadStore } from './upload-store.ts'

/** Larger recordings are uploaded: as much as the contract lets through a socket, less what base64 adds. */
export const socketVoiceBytes = 2_500_000
/** Between two rounds of tries where the server cannot be reached; a new connection ends the wait. */
const againMs = 15_000

interface Turn {
  /** Settles when what was attached before is done. */
  before: Promise<void>
  done: () => void
}

interface Job {
  upload: KeptUpload
  before: Promise<void>
  signal: AbortSignal
}

/**
 * Files on their way: first to the server, in pieces, then as a message. They are kept in the browser until the message is
 * sent or given up, and go on where they stood after a lost network, a reload, and in whichever tab is open.
 */
export class Uploads {
  readonly #client: EarshotClient
  readonly #selfId: string
  readonly #state: Store<ChatState>
  readonly #kept: () => Promise<UploadStore>
  readonly #active = new Map<string, AbortController>()
  /** By conversation: settles when the file that was attached last is sent or given up. */
  readonly #turns = new Map<string, Promise<void>>()
  #isOver = false

  constructor(client: EarshotClient, self: { userId: string }, state: Store<ChatState>) {
    this.#client = client
    this.#selfId = self.userId
    this.#state = state
    let store: Promise<UploadStore> | undefined
    this.#kept = () => {
      store ??= import('./upload-store.ts').then(({ UploadStore }) => new UploadStore(self.userId))
      return store
    }
  }

  /** Goes on with what an earlier visit left. */
  async start(): Promise<void> {
    const left = await (await this.#kept()).all()
    for (const upload of left) if (!this.#isOver) this.#begin(upload)
  }

  sendFile(conversationId: string, file: File, replyTo: string | undefined): Promise<void> {
    return this.#add({
      conversationId,
      content: file,
      name: file.name,
      ...(replyTo !== undefined && { replyTo }),
    })
  }

  sendVoice(
    conversationId: string,
    { blob, duration, waveform }: VoiceRecording,
    replyTo: string | undefined,
  ): Promise<void> {
    return this.#add({
      conversationId,
      content: blob,
      name: 'voice-message',
      voice: { duration, mimeType: blob.type, size: blob.size, waveform },
      ...(replyTo !== undefined && { replyTo }),
    })
  }

  /** Tries again what was given up. Returns false when it is none of these. */
  async retry(clientMessageId: string): Promise<boolean> {
    const upload = await (await this.#kept()).get(clientMessageId)
    if (!upload) return false
    this.#hide(clientMessageId)
    this.#begin(upload)
    return true
  }

  cancel(clientMessageId: string): void {
    this.#active.get(clientMessageId)?.abort()
    void this.#forget(clientMessageId)
  }

  stop(): void {
    this.#isOver = true
    for (const stop of this.#active.values()) stop.abort()
  }

  async #add(what: Omit<KeptUpload, 'clientMessageId' | 'createdAt'>): Promise<void> {
    const upload = { ...what, clientMessageId: newMessageId(), createdAt: new Date().toISOString() }
    const turn = this.#takeTurn(upload)
    try {
      await (await this.#kept()).put(upload)
    } catch (error) {
      console.warn('Earshot: a file is not kept for a reload.', error)
    }
    this.#begin(upload, turn)
  }

  #begin(upload: KeptUpload, turn = this.#takeTurn(upload)): void {
    this.#show(upload)
    const stop = new AbortController()
    this.#active.set(upload.clientMessageId, stop)
    void this.#alone({ upload, before: turn.before, signal: stop.signal }).finally(() => {
      this.#active.delete(upload.clientMessageId)
      turn.done()
    })
  }

  /** Files arrive all at once, and become messages in the order in which they were attached. */
  #takeTurn({ conversationId }: Pick<KeptUpload, 'conversationId'>): Turn {
    const before = this.#turns.get(conversationId) ?? Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turns.set(conversationId, promise)
    return { before, done: resolve }
  }

  /** One tab sends it; another one that waits for its turn looks whether that is still to be done. */
  async #alone(job: Job): Promise<void> {
    const { upload, signal } = job
    const { clientMessageId } = upload
    if (!navigator.locks) return this.#run(job)
    try {
      await navigator.locks.request(`earshot-upload:${clientMessageId}`, { ifAvailable: true }, (lock) =>
        lock ? this.#run(job) : this.#afterAnother(job),
      )
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #afterAnother(job: Job): Promise<void> {
    const { clientMessageId } = job.upload
    const { signal } = job
    await navigator.locks.request(`earshot-upload:${clientMessageId}`, { signal }, async () => {
      const left = await (await this.#kept()).get(clientMessageId)
      if (left) await this.#run({ ...job, upload: left })
      else this.#hide(clientMessageId)
    })
  }

  async #run({ upload, before, signal }: Job): Promise<void> {
    const { clientMessageId } = upload
    try {
      const media = await this.#arrive(upload, signal)
      await before
      signal.throwIfAborted()
      await this.#send(upload, media)
      await this.#forget(clientMessageId)
    } catch (error) {
      if (signal.aborted || this.#isOver) return
      this.#change(clientMessageId, ({ upload: _upload, ...item }) => ({ ...item, error: errorText(error) }))
    }
  }

  /** However long the network is away. */
  async #arrive(
    { clientMessageId, content, name, ...upload }: KeptUpload,
    signal: AbortSignal,
  ): Promise<MediaRecord> {
    let { place } = upload
    for (;;) {
      try {
        return await this.#client.upload(content, {
          name,
          signal,
          ...(place !== undefined && { resume: place }),
          onStarted: (started) => {
            place = started
            void this.#keepPlace(clientMessageId, started)
          },
          onProgress: (upload) => this.#change(clientMessageId, (item) => ({ ...item, upload })),
        })
      } catch (error) {
        if (signal.aborted || !isRetryable(error)) throw error
        await this.#untilWorthATry(signal)
      }
    }
  }

  #untilWorthATry(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        stop()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, againMs)
      const stop = this.#client.on('connected', done)
      signal.addEventListener('abort', done)
    })
  }

  #send(
    { conversationId, clientMessageId, name, voice, replyTo }: KeptUpload,
    media: MediaRecord,
  ): Promise<SendAck> {
    const address = addressOf(conversationId, this.#selfId)
    const options = { clientMessageId, ...(replyTo !== undefined && { replyTo }) }
    const { url, mimeType, size, width, height } = media
    if (voice) {
      const message = { ...options, voiceMessage: { ...voice, url } }
      return 'groupId' in address
        ? this.#client.sendGroupMessage({ ...address, messageType: 'voice', ...message })
        : this.#client.sendVoiceMessage({ ...address, ...message })
    }
    const measures = { ...(width !== undefined && { width }), ...(height !== undefined && { height }) }
    const file = { url, name, mimeType, size, ...measures }
    const message = { ...options, messageType: 'file' as const, content: '', file }
    return 'groupId' in address
      ? this.#client.sendGroupMessage({ ...address, ...message })
      : this.#client.sendMessage({ ...address, ...message })
  }

  async #keepPlace(clientMessageId: string, place: string): Promise<void> {
    const store = await this.#kept()
    const upload = await store.get(clientMessageId)
    if (upload) await store.put({ ...upload, place })
  }

  async #forget(clientMessageId: string): Promise<void> {
    await (await this.#kept()).remove(clientMessageId)
  }

  #show({ clientMessageId, conversationId, content, name, voice, replyTo, createdAt }: KeptUpload): void {
    const { size, type: mimeType } = content
    const item: Outgoing = {
      clientMessageId,
      conversationId,
      content: '',
      ...(voice ? { voiceMessage: voice } : { file: { url: '', name, mimeType, size } }),
      ...(replyTo !== undefined && { replyTo }),
      upload: { sentBytes: 0, totalBytes: size },
      createdAt,
    }
    this.#state.update((state) => ({ ...state, outgoing: [...state.outgoing, item] }))
  }

  #hide(clientMessageId: string): void {
    this.#state.update((state) => ({
      ...state,
      outgoing: state.outgoing.filter((item) => item.clientMessageId !== clientMessageId),
    }))
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

export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('The recording could not be read.'))
    reader.readAsDataURL(blob)
  })
}
