import type { Message } from '@earshot/protocol'
import { useDebouncedValue } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { useServices } from '../../app/services.ts'

const typingPauseMs = 300
const leastChars = 2
const mostFound = 30

/** Messages with these words, of all one's conversations, the newest first. */
export function useMessageSearch(text: string): readonly Message[] {
  const { client } = useServices()
  const [wanted] = useDebouncedValue(text.trim(), typingPauseMs)
  const [found, setFound] = useState<readonly Message[]>([])
  useEffect(() => {
    let current = true
    setFound([])
    if (wanted.length < leastChars) return
    client.http.searchMessages({ q: wanted, limit: mostFound }).then(
      ({ messages }) => current && setFound(messages),
      (error: unknown) => console.warn('Earshot: messages cannot be searched right now.', error),
    )
    return () => {
      current = false
    }
  }, [client, wanted])
  return found
}
