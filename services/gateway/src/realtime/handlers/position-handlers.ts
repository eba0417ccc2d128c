import type { VoicePositions } from '@earshot/core/voice/voice-positions'
import type { Handlers } from '../router.ts'

/** Where people stop in voice messages. */
export function positionHandlers(positions: VoicePositions): Pick<Handlers, 'voice_position'> {
  return {
    async voice_position({ socket, userId }, payload) {
      await positions.note(userId, payload, socket.id)
      return {}
    },
  }
}
