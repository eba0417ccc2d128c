import type { Message } from '@earshot/protocol'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import { playedId } from './played-messages.ts'
import type { PlaybackState } from './voice-playback.ts'

/** What the player does with this message; `undefined` while it has to do with another, or none. */
export function usePlaybackOf(messageId: string): PlaybackState | undefined {
  const { playback } = useServices()
  return useStore(playback.state, (state) => (state.track?.messageId === messageId ? state : undefined))
}

export function usePlayback(): PlaybackState {
  const { playback } = useServices()
  return useStore(playback.state, (state) => state)
}

/** As the server said when the message was read, or as was heard since. */
export function useIsPlayed({ conversationId, seq, voiceMessage }: Message): boolean {
  const { played } = useServices()
  const id = playedId(conversationId, seq)
  const isPlayed = useStore(played.state, (ids) => ids.has(id))
  return isPlayed || (voiceMessage?.playedBy?.length ?? 0) > 0
}
