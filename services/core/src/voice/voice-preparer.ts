import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { BlobStore } from '../media/blob-store.ts'
import { sniffAudio } from '../media/sniff.ts'
import { type MessageDoc, type PlaybackForm, playbackId, type VoiceDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import { type AudioFacts, audioFacts } from './audio-facts.ts'
import type { AudioTool, WantedForm } from './audio-tool.ts'
import { truthfulDuration } from './duration.ts'
import { boundedWaveform } from './waveform.ts'

export interface PreparedVoice {
  doc: MessageDoc
  /** Whether clients have something to learn. */
  isNews: boolean
}

/**
 * Looks into stored audio from end to end: sets the length right, draws the waveform that the sender did not, and makes
 * the form that every browser plays. Every step may run twice. Where there is no tool the message stays as it was sent.
 */
export class VoicePreparer {
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #blobs: BlobStore
  readonly #tool: AudioTool | undefined
  readonly #makesPlayback: boolean

  constructor(deps: {
    messages: MessageStore
    conversations: ConversationStore
    blobs: BlobStore
    tool: AudioTool | undefined
    makesPlayback: boolean
  }) {
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#blobs = deps.blobs
    this.#tool = deps.tool
    this.#makesPlayback = deps.makesPlayback
  }

  /** Returns the message as it is now; `undefined` when there is no such voice message (any more). */
  async prepare(messageId: string, signal: AbortSignal): Promise<PreparedVoice | undefined> {
    const doc = await this.#messages.byId(messageId)
    const voice = doc?.voiceMessage
    if (!doc || !voice) {
      await this.#blobs.delete(playbackId(messageId))
      return undefined
    }
    // Done before; whether it was told is not known.
    if (voice.isPrepared) return { doc, isNews: true }
    if (!this.#tool) return { doc, isNews: false }
    const facts = await this.#examine(messageId, voice, this.#tool, signal)
    if (!(await this.#messages.setVoice(messageId, { ...facts, place: 'stored' }))) {
      // Deleted while it was being looked into.
      await this.#blobs.delete(playbackId(messageId))
      return undefined
    }
    const fresh = await this.#messages.byId(messageId)
    if (!fresh?.voiceMessage) return undefined
    await this.#conversations.refreshLast(fresh)
    return { doc: fresh, isNews: Object.keys(facts).some((name) => name !== 'isPrepared') }
  }

  /** What is to be noted of the audio. Its playback form is stored by then. */
  async #examine(
    messageId: string,
    voice: VoiceDoc,
    tool: AudioTool,
    signal: AbortSignal,
  ): Promise<Partial<VoiceDoc>> {
    const bytes = await buffer(this.#blobs.read(voice.mediaId ?? messageId))
    const container = sniffAudio(bytes) ?? ''
    const form = this.#makesPlayback ? wantedForm(container, await audioFacts(bytes, container)) : 'none'
    const found = await tool.examine({ bytes, container }, { form, signal })
    if (!found) return { isPrepared: true }
    const duration = truthfulDuration(voice.duration, found.duration)
    return {
      isPrepared: true,
      ...(duration !== voice.duration && { duration }),
      ...(!voice.waveform && { waveform: boundedWaveform(found.peaks) }),
      ...(found.playback && { playback: await this.#keep(messageId, found.playback) }),
    }
  }

  async #keep(messageId: string, bytes: Buffer): Promise<PlaybackForm> {
    const key = playbackId(messageId)
    const mimeType = 'audio/mp4'
    // The tool makes the same of the same, but perhaps not in another version: what one left unfinished goes.
    if (!(await this.#blobs.info(key))) await this.#blobs.delete(key)
    await this.#blobs.put(key, bytes, mimeType)
    return { mimeType, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  }
}

/** WebM and Ogg are not for every browser; MP4 is where its codec is AAC, and must say how long it is. */
function wantedForm(container: string, facts: AudioFacts | undefined): WantedForm {
  if (container === 'audio/mpeg' || container === 'audio/wav') return 'none'
  if (container !== 'audio/mp4' || facts?.codec !== 'aac') return 'encoded'
  return facts.saysDuration ? 'none' : 'repacked'
}
