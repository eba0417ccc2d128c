import type { UserSummary } from '@earshot/protocol'
import { useDebouncedValue } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'

const typingPauseMs = 250
/** Newcomers appear in an open list within this time. */
const refreshMs = 15_000

export interface People {
  people: readonly UserSummary[] | undefined
  error: string | undefined
}

/** People whose name matches, without oneself; for an empty text those seen last. */
export function usePeople(text: string): People {
  const { client, session } = useServices()
  const [search] = useDebouncedValue(text.trim(), typingPauseMs)
  const [result, setResult] = useState<People>({ people: undefined, error: undefined })

  useEffect(() => {
    let current = true
    async function load() {
      try {
        const found = await client.http.searchUsers(search)
        const people = found.filter((person) => person._id !== session.userId)
        if (current) setResult({ people, error: undefined })
      } catch (error) {
        if (current) setResult(({ people }) => ({ people, error: errorText(error) }))
      }
    }
    void load()
    const timer = setInterval(load, refreshMs)
    const stop = client.on('reconnected', load)
    return () => {
      current = false
      clearInterval(timer)
      stop()
    }
  }, [client, session.userId, search])

  return result
}
