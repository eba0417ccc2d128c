import { useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'

export function useNewGroup() {
  const { chat } = useServices()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()

  /** The id of the new group's conversation, `undefined` if there is none: `error` says why. */
  async function create(name: string, members: string[]): Promise<string | undefined> {
    setBusy(true)
    setError(undefined)
    try {
      return (await chat.createGroup(name, members)).conversationId
    } catch (failure) {
      setError(errorText(failure))
      return undefined
    } finally {
      setBusy(false)
    }
  }

  return { busy, error, create }
}
