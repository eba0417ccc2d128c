import type { UserSummary } from '@earshot/protocol'
import { useState } from 'react'

export function usePickedPeople() {
  const [picked, setPicked] = useState<readonly UserSummary[]>([])

  function toggle(person: UserSummary) {
    setPicked((before) => {
      const others = before.filter(({ _id }) => _id !== person._id)
      return others.length < before.length ? others : [...before, person]
    })
  }

  return { picked, toggle, clear: () => setPicked([]) }
}
