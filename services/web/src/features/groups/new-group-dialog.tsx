import './dialog-styles.ts'
import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { openConversation } from '../../app/use-route.ts'
import { PeoplePicker } from './people-picker.tsx'
import { usePickedPeople } from './picked-people.ts'
import { useFocusBack } from './use-focus-back.ts'
import { useNewGroup } from './use-new-group.ts'

interface NewGroupDialogProps {
  onClose: () => void
}

export default function NewGroupDialog({ onClose }: NewGroupDialogProps) {
  useFocusBack()
  const [name, setName] = useState('')
  const { picked, toggle } = usePickedPeople()
  const { busy, error, create } = useNewGroup()

  async function onSubmit(event: FormEvent) {
    event.preventDefault()
    const members = picked.map(({ _id }) => _id)
    const conversationId = await create(name.trim(), members)
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
          <PeoplePicker
            label="People"
            description="You are in it without picking yourself."
            picked={picked}
            onToggle={toggle}
          />
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
