import { EarshotClient } from '@earshot/client'
import { indexedDbOutbox } from '@earshot/client/browser'
import { createContext, useContext, useEffect, useState } from 'react'
import { ChatStore } from '../features/chat/chat-store.ts'
import { PresenceStore } from '../features/people/presence-store.ts'
import { SessionToken } from '../features/session/session-token.ts'
import type { UserSession } from '../features/session/user-session.ts'
import { createPlayback } from '../features/voice/create-playback.ts'
import { PlayedMessages } from '../features/voice/played-messages.ts'
import type { VoiceDrafts } from '../features/voice/voice-drafts.ts'
import type { VoicePlayback } from '../features/voice/voice-playback.ts'

/** What the page works with while somebody is logged in. */
export interface Services {
  session: UserSession
  client: EarshotClient
  chat: ChatStore
  presence: PresenceStore
  playback: VoicePlayback
  played: PlayedMessages
  /** Loaded when it is first asked for. */
  drafts: () => Promise<VoiceDrafts>
}

const offlinePatienceMs = 10 * 60_000

/** Connects for as long as the session lasts. `onEnded` hears why the server no longer takes it. */
export function useConnectedServices(
  session: UserSession,
  onEnded: (reason: string) => void,
): Services | undefined {
  const [services, setServices] = useState<Services>()
  useEffect(() => {
    const token = new SessionToken(session)
    const client = new EarshotClient({
      url: window.location.origin,
      getToken: token.get,
      requestTimeoutMs: offlinePatienceMs,
      outbox: indexedDbOutbox(`earshot:${session.userId}`),
    })
    const chat = new ChatStore(client, session)
    const presence = new PresenceStore(client)
    const played = new PlayedMessages(session.userId)
    const playback = createPlayback(client, chat, played, session)
    const drafts = lazily(async () => {
      const { VoiceDrafts } = await import('../features/voice/voice-drafts.ts')
      return new VoiceDrafts(session.userId)
    })
    client.on('message_status_changed', ({ conversationId, playedSeq }) => {
      if (playedSeq !== undefined) played.add(conversationId, playedSeq)
    })
    chat.start()
    client.feed.start()
    client.connect().catch((error: unknown) => {
      console.warn('Earshot: not connected.', error)
    })
    const stopRefusals = client.on('disconnected', ({ willReconnect }) => {
      if (!willReconnect) onEnded('Your session has ended. Please log in again.')
    })
    setServices({ session, client, chat, presence, playback, played, drafts })
    return () => {
      stopRefusals()
      token.stop()
      playback.close()
      chat.stop()
      client.close()
    }
  }, [session, onEnded])
  return services
}

export const ServicesContext = createContext<Services | undefined>(undefined)

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('useServices is used outside of ServicesContext.')
  return services
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
