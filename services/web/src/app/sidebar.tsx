import { ActionIcon, Group, Tabs, Text, Title } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { ConversationList } from '../features/chat/conversation-list.tsx'
import { useMayBeTold } from '../features/notifications/use-may-be-told.ts'
import { PeoplePanel } from '../features/people/people-panel.tsx'
import { LogOutIcon } from './icons.tsx'
import { useServices } from './services.ts'
import classes from './sidebar.module.css'

const PushOffer = lazy(() => import('../features/notifications/push-offer.tsx'))

type Tab = 'chats' | 'people'

interface SidebarProps {
  openId: string | undefined
  onLogOut: () => void
}

export function Sidebar({ openId, onLogOut }: SidebarProps) {
  const { session } = useServices()
  const mayBeTold = useMayBeTold()
  const [tab, setTab] = useState<Tab>('chats')
  return (
    <>
      <Group justify="space-between" wrap="nowrap" px="md" py="sm">
        <Group gap="xs" wrap="nowrap">
          <img src="/favicon.svg" alt="" width={28} height={28} />
          <Title order={1} size="h4">
            Earshot
          </Title>
        </Group>
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Text size="sm" c="dimmed" truncate>
            {session.name}
          </Text>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Log out"
            title="Log out"
            onClick={onLogOut}
          >
            <LogOutIcon />
          </ActionIcon>
        </Group>
      </Group>
      <Tabs
        value={tab}
        onChange={(value) => setTab(value === 'people' ? 'people' : 'chats')}
        keepMounted={false}
        classNames={{ root: classes.tabs, panel: classes.panel }}
      >
        <Tabs.List grow>
          <Tabs.Tab value="chats">Chats</Tabs.Tab>
          <Tabs.Tab value="people">People</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="chats">
          <ConversationList openId={openId} onFindPeople={() => setTab('people')} />
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <PeoplePanel openId={openId} />
        </Tabs.Panel>
      </Tabs>
      {mayBeTold && (
        <Suspense fallback={null}>
          <PushOffer />
        </Suspense>
      )}
    </>
  )
}
