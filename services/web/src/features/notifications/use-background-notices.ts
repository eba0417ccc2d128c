import { useEffect } from 'react'
import { useServices } from '../../app/services.ts'
import { summaryText } from '../chat/message-text.ts'

/**
 * Who has the page open in the background is there for the server, so no push comes: the page tells of messages itself, to those
 * who have allowed notifications.
 */
export function useBackgroundNotices(): void {
  const { client, session } = useServices()
  useEffect(
    () =>
      client.on('message', (message) => {
        const isOwn = message.sender._id === session.userId
        const mayTell = 'Notification' in window && Notification.permission === 'granted'
        if (isOwn || !document.hidden || !mayTell) return
        import('./push.ts')
          .then(({ notify }) => notify(message.conversationId, message.sender.name, summaryText(message)))
          .catch((error: unknown) => console.warn('Earshot: no notification could be shown.', error))
      }),
    [client, session.userId],
  )
}
