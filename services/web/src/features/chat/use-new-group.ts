import type { UserSummary } from '@earshot/protocol'
import { useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'

export function useNewGroup() {
  const { chat } = useServices()
  const [picked, setPicked] = useState<readonly UserSummary[]>([])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()

  function toggle(person: UserSummary) {
    setPicked((before) => {
      const others = before.filter(({ _id }) => _id !== person._id)
      return others.length < before.length ? others : [...before, person]
    })
  }

  /** The id of the new group's conversation, `undefined` if there is none: `error` says why. */
  async function create(name: string): Promise<string | undefined> {
    setBusy(true)
    setError(undefined)
    try {
      const group = await chat.createGroup(
        name,
        picked.map(({ _id }) => _id),
      )
      return group.conversationId
    } catch (failure) {
      setError(errorText(failure))
      return undefined
    } finally {
      setBusy(false)
    }
  }

  return { picked, toggle, busy, error, create }
}
