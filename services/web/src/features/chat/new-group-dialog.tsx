import '@mantine/core/styles/ScrollArea.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'
import '@mantine/core/styles/Pill.css'
import '@mantine/core/styles/Checkbox.css'
import type { UserSummary } from '@earshot/protocol'
import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  Pill,
  ScrollArea,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { openConversation } from '../../app/use-route.ts'
import { usePeople } from '../people/use-people.ts'
import { useNewGroup } from './use-new-group.ts'

interface NewGroupDialogProps {
  onClose: () => void
}

export default function NewGroupDialog({ onClose }: NewGroupDialogProps) {
  const [name, setName] = useState('')
  const { picked, toggle, busy, error, create } = useNewGroup()

  async function onSubmit(event: FormEvent) {
    event.preventDefault()
    const conversationId = await create(name.trim())
    if (conversationId === undefined) return
    onClose()
    openConversation(conversationId)
  }

  return (
    <Modal opened onClose={onClose} title="New group" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={onSubmit}>
        <Stack gap="md">
          <TextInput
            label="Name of the group"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={200}
            required
            data-autofocus
          />
          <PeoplePicker picked={picked} onToggle={toggle} />
          {error && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === '' || picked.length === 0}>
              Create group
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

interface PeoplePickerProps {
  picked: readonly UserSummary[]
  onToggle: (person: UserSummary) => void
}

function PeoplePicker({ picked, onToggle }: PeoplePickerProps) {
  const [text, setText] = useState('')
  const { people = [], error } = usePeople(text)
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        label="People"
        description="You are in it without picking yourself."
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
              removeButtonProps={{ 'aria-label': `Take out ${person.name}` }}
            >
              {person.name}
            </Pill>
          ))}
        </Pill.Group>
      )}
      <ScrollArea.Autosize mah={240} type="auto">
        <Stack gap="sm" p={4}>
          {people.map((person) => (
            <Checkbox
              key={person._id}
              label={person.name}
              checked={picked.some(({ _id }) => _id === person._id)}
              onChange={() => onToggle(person)}
            />
          ))}
          {people.length === 0 && <Text c="dimmed">{error ?? 'Nobody found.'}</Text>}
        </Stack>
      </ScrollArea.Autosize>
    </Stack>
  )
}
