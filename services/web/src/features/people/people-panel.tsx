import { directConversationId } from '@earshot/client'
import type { UserSummary } from '@earshot/protocol'
import { Alert, Box, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useRef, useState } from 'react'
import { Virtualizer } from 'virtua'
import { SearchIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { openConversation } from '../../app/use-route.ts'
import { LastSeenDisplay } from './last-seen-display.tsx'
import classes from './people.module.css'
import { PersonAvatar } from './person-avatar.tsx'
import { usePeople } from './use-people.ts'
import { useStatuses, useWatch } from './use-presence.ts'

interface PeoplePanelProps {
  openId: string | undefined
}

export function PeoplePanel({ openId }: PeoplePanelProps) {
  const [text, setText] = useState('')
  const { people, error } = usePeople(text)
  const scroll = useRef<HTMLElement>(null)
  const sorted = useOnlineFirst(people ?? [])
  return (
    <>
      <Box p="md" pb="xs">
        <TextInput
          type="search"
          aria-label="Find people by name"
          placeholder="Find people by name"
          leftSection={<SearchIcon size={16} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </Box>
      {error && (
        <Alert color="red" mx="md" mb="xs" role="alert">
          {error}
        </Alert>
      )}
      {people?.length === 0 && <NobodyFound text={text.trim()} />}
      <section ref={scroll} className={classes.list} aria-label="People">
        <Virtualizer as="ul" item="li" data={sorted} scrollRef={scroll} itemSize={66}>
          {(person) => <PersonRow key={person._id} person={person} openId={openId} />}
        </Virtualizer>
      </section>
    </>
  )
}

function useOnlineFirst(people: readonly UserSummary[]): UserSummary[] {
  useWatch(people.map((person) => person._id))
  const statuses = useStatuses()
  const rank = (person: UserSummary) => (statuses[person._id]?.isOnline ? 0 : 1)
  return people.toSorted((a, b) => rank(a) - rank(b))
}

function PersonRow({ person, openId }: { person: UserSummary; openId: string | undefined }) {
  const { session } = useServices()
  const conversationId = directConversationId(session.userId, person._id)
  return (
    <UnstyledButton
      className={classes.row}
      data-current={conversationId === openId || undefined}
      aria-current={conversationId === openId || undefined}
      onClick={() => openConversation(conversationId)}
    >
      <PersonAvatar name={person.name} />
      <span className={classes.words}>
        <Text component="span" fw={500} truncate>
          {person.name}
        </Text>
        <LastSeenDisplay userId={person._id} />
      </span>
    </UnstyledButton>
  )
}

function NobodyFound({ text }: { text: string }) {
  return (
    <Text c="dimmed" px="md" py="sm" role="status">
      {text
        ? `Nobody here is called “${text}”.`
        : 'You are the first one here. Open Earshot in a private window, create a second account there, and it appears in this list.'}
    </Text>
  )
}
