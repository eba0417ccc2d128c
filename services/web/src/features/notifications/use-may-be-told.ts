import { useEffect, useState } from 'react'
import { useServices } from '../../app/services.ts'

/** Whether something was sent since the page was opened, or permission was given earlier. */
export function useMayBeTold(): boolean {
  const { client } = useServices()
  const [may, setMay] = useState(() => 'Notification' in window && Notification.permission === 'granted')
  useEffect(() => client.on('sent', () => setMay(true)), [client])
  return may
}
