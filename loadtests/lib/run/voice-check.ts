import type { Message, VoiceMessageStored } from '@earshot/protocol'
import { downloadedSha256 } from '../earshot/http.ts'
import type { EarshotUser, UserEvents } from '../earshot/user.ts'
import type { Clip } from './clips.ts'
import { target } from './env.ts'
import type { Channel, JudgedChat } from './judged-chat.ts'
import { countFault, metrics } from './metrics.ts'
import { eachOf, sleep } from './wait.ts'

interface Recording {
  clip: Clip
  channel: Channel
  /** Milliseconds since 1970. */
  sentAt: number
  /** The stored audio was fetched and compared. */
  isStored: boolean
}

const downloadsAtOnce = 8
const askEveryMs = 1_000

/**
 * That every recording can be played: what arrives live is what was sent, and what the cluster stores of it later, asked for
 * by a member, is so to the byte.
 */
export class VoiceCheck {
  /** By the id that the sender gave, and by the one that the server gave. */
  readonly #byId = new Map<string, Recording>()
  readonly #byMessageId = new Map<string, Recording>()
  readonly #downloads: Promise<void>[] = []

  /** What each user of the chat has to tell. */
  readonly listen = (self: () => EarshotUser): UserEvents => ({
    message: (message, _, via) => this.#heard(message, via),
    voiceStored: (stored, at) => this.#stored(self(), stored, at),
  })

  /** Sends a recording in the chat and resolves when its fate is known. */
  async send(chat: JudgedChat, channel: Channel, from: EarshotUser, clip: Clip): Promise<void> {
    const recording = { clip, channel, sentAt: Date.now(), isStored: false }
    await chat.send(channel, from, clip, (id) => this.#byId.set(id, recording))
  }

  /** Waits until all is stored, `patienceMs` at most; for what nobody was told of, the history is asked. */
  async conclude(chat: JudgedChat, patienceMs: number): Promise<void> {
    const until = Date.now() + patienceMs
    for (;;) {
      await Promise.all(this.#downloads)
      const open = [...this.#byMessageId.values()].filter(({ isStored }) => !isStored)
      if (open.length === 0) return
      if (Date.now() >= until) {
        for (const { sentAt } of open)
          countFault(
            metrics.audioMissing,
            'audio_missing',
            `not stored ${Date.now() - sentAt} ms after it was sent`,
          )
        return
      }
      await sleep(askEveryMs)
      const channels = [...new Set(open.map(({ channel }) => channel))]
      await eachOf(channels, downloadsAtOnce, (channel) => this.#askHistory(chat, channel))
    }
  }

  #heard(message: Message, via: 'live' | 'sync'): void {
    const recording = this.#byId.get(message.clientMessageId ?? '')
    const { voiceMessage } = message
    if (!recording || !voiceMessage) return
    this.#byMessageId.set(message._id, recording)
    // The worker may have been faster than the message.
    if (via === 'sync' || !voiceMessage.url.startsWith('data:')) return
    metrics.audioChecked.add(1)
    if (voiceMessage.url !== recording.clip.voice.url)
      countFault(metrics.audioWrong, 'audio_wrong', `${message.clientMessageId} arrived with other audio`)
  }

  #stored(user: EarshotUser, { messageId, voiceMessage }: VoiceMessageStored, at: number): void {
    const recording = this.#byMessageId.get(messageId)
    // The first one who is told asks for it; the others would ask for the same.
    if (!recording || recording.isStored) return
    recording.isStored = true
    metrics.voiceStored.add(at - recording.sentAt)
    this.#downloads.push(this.#download(user, voiceMessage.url, recording))
  }

  async #askHistory({ users }: JudgedChat, { members, stream }: Channel): Promise<void> {
    const reader = members.find(({ socket }) => socket.isConnected) ?? users[0]
    if (!reader || stream.conversationId === undefined) return
    for (const message of await reader.history(stream.conversationId)) {
      const recording = this.#byMessageId.get(message._id)
      const url = message.voiceMessage?.url
      if (!recording || recording.isStored || url === undefined || url.startsWith('data:')) continue
      recording.isStored = true
      await this.#download(reader, url, recording)
    }
  }

  async #download(user: EarshotUser, path: string, { clip }: Recording): Promise<void> {
    try {
      const sha256 = await downloadedSha256({ target, token: user.token }, path)
      metrics.audioChecked.add(1)
      if (sha256 !== clip.sha256) countFault(metrics.audioWrong, 'audio_wrong', `${path} is other audio`)
    } catch (error) {
      countFault(metrics.audioMissing, 'audio_missing', String(error))
    }
  }
}
