import './dialog-styles.ts'
import { Alert, Button, Group, Loader, Modal, Stack, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { MemberList } from './member-list.tsx'
import { PeoplePicker } from './people-picker.tsx'
import { usePickedPeople } from './picked-people.ts'
import { useFocusBack } from './use-focus-back.ts'
import { useMembers } from './use-members.ts'

interface GroupDialogProps {
  groupId: string
  name: string
  onClose: () => void
}

/** Who is in the group; for its owner and admins also to change that. */
export default function GroupDialog({ groupId, name, onClose }: GroupDialogProps) {
  useFocusBack()
  const group = useMembers(groupId)
  const { members, role, canManage, error } = group
  const [ending, setEnding] = useState<'leave' | 'delete'>()

  async function end() {
    const isDone = await (ending === 'delete' ? group.deleteGroup() : group.leave())
    if (isDone) onClose()
  }

  return (
    <Modal opened onClose={onClose} title={name} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="lg">
        {error && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
        {canManage && <Rename key={name} name={name} onRename={group.rename} />}
        {members ? (
          <MemberList members={members} role={role} onSetRole={group.setRole} onRemove={group.remove} />
        ) : (
          !error && <Loader size="sm" mx="auto" aria-label="The members are loading" />
        )}
        {canManage && members && <AddPeople members={members} onAdd={group.add} />}
        {ending === undefined ? (
          <Group justify="space-between">
            <Button
              variant="subtle"
              color="red"
              c="var(--mantine-color-error)"
              onClick={() => setEnding('leave')}
            >
              Leave the group
            </Button>
            {role === 'owner' && (
              <Button
                variant="subtle"
                color="red"
                c="var(--mantine-color-error)"
                onClick={() => setEnding('delete')}
              >
                Delete the group
              </Button>
            )}
          </Group>
        ) : (
          <Alert color="red" role="alert">
            <Stack gap="xs">
              {ending === 'delete'
                ? 'All that was said in it will be gone, for everybody.'
                : 'You will not see what is said in it from now on.'}
              <Group gap="xs">
                <Button size="xs" color="red" onClick={end}>
                  {ending === 'delete' ? 'Delete it' : 'Leave it'}
                </Button>
                <Button size="xs" variant="default" onClick={() => setEnding(undefined)}>
                  Cancel
                </Button>
              </Group>
            </Stack>
          </Alert>
        )}
      </Stack>
    </Modal>
  )
}

function Rename({ name, onRename }: { name: string; onRename: (name: string) => Promise<boolean> }) {
  const [text, setText] = useState(name)
  const wanted = text.trim()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void onRename(wanted)
      }}
    >
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <TextInput
          label="Name of the group"
          flex={1}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={wanted === '' || wanted === name}>
          Rename
        </Button>
      </Group>
    </form>
  )
}

interface AddPeopleProps {
  members: readonly { userId: string }[]
  onAdd: (userIds: readonly string[]) => Promise<boolean>
}

function AddPeople({ members, onAdd }: AddPeopleProps) {
  const { picked, toggle, clear } = usePickedPeople()
  const [busy, setBusy] = useState(false)
  const without = useMemo(() => new Set(members.map(({ userId }) => userId)), [members])

  async function add() {
    setBusy(true)
    if (await onAdd(picked.map(({ _id }) => _id))) clear()
    setBusy(false)
  }

  return (
    <Stack gap="xs">
      <PeoplePicker label="Add people" picked={picked} without={without} onToggle={toggle} />
      {picked.length > 0 && (
        <Button loading={busy} onClick={add}>
          {picked.length === 1 ? 'Add 1 person' : `Add ${picked.length} people`}
        </Button>
      )}
    </Stack>
  )
}
