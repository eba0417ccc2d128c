import type { UserSummary } from '@earshot/protocol'
import { Checkbox, Pill, ScrollArea, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { usePeople } from '../people/use-people.ts'

interface PeoplePickerProps {
  label: string
  description?: string
  picked: readonly UserSummary[]
  /** Those who need not be offered. */
  without?: ReadonlySet<string>
  onToggle: (person: UserSummary) => void
}

export function PeoplePicker({ label, description, picked, without, onToggle }: PeoplePickerProps) {
  const [text, setText] = useState('')
  const { people = [], error } = usePeople(text)
  const offered = people.filter(({ _id }) => !without?.has(_id))
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        label={label}
        description={description}
        placeholder="Find people by name"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {picked.length > 0 && (
        <Pill.Group>
          {picked.map((person) => (
            <Pill
              key={person._id}
              withRemoveButton
              onRemove={() => onToggle(person)}
              removeButtonProps={{
                'aria-label': `Take out ${person.name}`,
                'aria-hidden': false,
                tabIndex: 0,
              }}
            >
              {person.name}
            </Pill>
          ))}
        </Pill.Group>
      )}
      <ScrollArea.Autosize mah={220} type="auto">
        <Stack gap="sm" p={4}>
          {offered.map((person) => (
            <Checkbox
              key={person._id}
              label={person.name}
              checked={picked.some(({ _id }) => _id === person._id)}
              onChange={() => onToggle(person)}
            />
          ))}
          {offered.length === 0 && <Text c="dimmed">{error ?? 'Nobody found.'}</Text>}
        </Stack>
      </ScrollArea.Autosize>
    </Stack>
  )
}
