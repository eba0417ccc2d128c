import type { EarshotClient } from '@earshot/client'
import { useEffect, useState } from 'react'

export type ConnectionState = 'connecting' | 'connected' | 'disconnected'

/** How long the first connection may take before it is worth a word. */
const firstConnectionMs = 2_000

export function useConnectionState(client: EarshotClient): ConnectionState {
  const [state, setState] = useState<ConnectionState>(client.connected ? 'connected' : 'connecting')
  useEffect(() => {
    const stops = [
      client.on('connected', () => setState('connected')),
      client.on('disconnected', () => setState('disconnected')),
    ]
    setState(client.connected ? 'connected' : 'connecting')
    const timer = setTimeout(() => {
      setState((current) => (current === 'connecting' ? 'disconnected' : current))
    }, firstConnectionMs)
    return () => {
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }, [client])
  return state
}
