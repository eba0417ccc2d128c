import type { Limits } from '@earshot/protocol'
import { useEffect, useState } from 'react'
import { useServices } from './services.ts'

/** What the server accepts; `undefined` until it has said so. */
export function useLimits(): Limits | undefined {
  const { client } = useServices()
  const [limits, setLimits] = useState<Limits>()
  useEffect(() => {
    let current = true
    client.http.limits().then(
      (found) => current && setLimits(found),
      (error: unknown) => console.warn('Earshot: the limits are not known; the server will refuse.', error),
    )
    return () => {
      current = false
    }
  }, [client])
  return limits
}
