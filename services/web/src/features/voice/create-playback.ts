import type { EarshotClient } from '@earshot/client'
import { errorText } from '../../app/error-text.ts'
import type { ChatStore, Self } from '../chat/chat-store.ts'
import { viewOf } from '../chat/history-window.ts'
import { audioOf } from './audio-source.ts'
import type { PlayedMessages } from './played-messages.ts'
import { type NotedPosition, UntoldPositions } from './untold-positions.ts'
import { VoicePlayback } from './voice-playback.ts'
import { trackAfter } from './voice-tracks.ts'

/** The player of one who is logged in: what they hear is told to the sender and to their other devices. */
export function createPlayback(client: EarshotClient, chat: ChatStore, played: PlayedMessages, self: Self) {
  const untold = new UntoldPositions(self.userId)

  function tellPosition(position: NotedPosition) {
    const { messageId, conversationId, seconds } = position
    chat.notePosition(conversationId, messageId, seconds)
    untold.add(position)
    client.markPosition(messageId, seconds).then(() => untold.told(position), notTold)
  }

  const playback = new VoicePlayback({
    load: (url) => audioOf(url, client.http),
    next: (track) => trackAfter(track, viewOf(chat.state.get(), track.conversationId), self.userId),
    onStarted: ({ conversationId, seq, own }) => {
      if (own || played.has(conversationId, seq)) return
      client.markPlayed(conversationId, seq).then(() => played.add(conversationId, seq), notTold)
    },
    onPosition: ({ messageId, conversationId, seq }, seconds) => {
      if (seq === 0) return // not sent yet
      tellPosition({ messageId, conversationId, seconds, at: Date.now() })
    },
    explain: (error) =>
      error instanceof DOMException ? 'This browser cannot play the recording.' : errorText(error),
  })
  client.on('change', (change) => {
    if (change.type === 'message_deleted' && change.messageId === playback.state.get().track?.messageId) {
      playback.close()
    }
  })
  for (const position of untold.all()) tellPosition(position)
  return playback
}

/** Nobody waits for it, and it is said again with the next seconds. */
function notTold(error: unknown): void {
  console.warn('Earshot: how far a voice message was played could not be told.', error)
}
