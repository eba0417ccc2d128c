import type { GroupRole } from '@earshot/protocol'
import { ActionIcon, Badge, Menu, ScrollArea, Text } from '@mantine/core'
import { useRef } from 'react'
import { Virtualizer } from 'virtua'
import { MoreIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { LastSeenDisplay } from '../people/last-seen-display.tsx'
import { PersonAvatar } from '../people/person-avatar.tsx'
import { useWatch } from '../people/use-presence.ts'
import classes from './groups.module.css'
import type { NamedMember } from './use-members.ts'

interface MemberListProps {
  members: readonly NamedMember[]
  role: GroupRole | undefined
  onSetRole: (userId: string, role: GroupRole) => void
  onRemove: (userId: string) => void
}

const roleText = { owner: 'Owner', admin: 'Admin', member: '' } as const satisfies Record<GroupRole, string>

export function MemberList({ members, role, onSetRole, onRemove }: MemberListProps) {
  const viewport = useRef<HTMLDivElement>(null)
  return (
    <div>
      <Text size="sm" fw={500} pb={4}>
        {members.length === 1 ? '1 member' : `${members.length} members`}
      </Text>
      <ScrollArea.Autosize mah={320} type="auto" viewportRef={viewport}>
        <div className={classes.members}>
          <Virtualizer as="ul" item="li" data={members} scrollRef={viewport}>
            {(member) => (
              <MemberRow
                key={member.userId}
                member={member}
                viewer={role}
                onSetRole={onSetRole}
                onRemove={onRemove}
              />
            )}
          </Virtualizer>
        </div>
      </ScrollArea.Autosize>
    </div>
  )
}

interface MemberRowProps extends Pick<MemberListProps, 'onSetRole' | 'onRemove'> {
  member: NamedMember
  viewer: GroupRole | undefined
}

function MemberRow({ member, viewer, onSetRole, onRemove }: MemberRowProps) {
  const { session } = useServices()
  const { userId, name, role } = member
  const isSelf = userId === session.userId
  const mayRemove =
    !isSelf && role !== 'owner' && (viewer === 'owner' || (viewer === 'admin' && role === 'member'))
  useWatch([userId])
  return (
    <div className={classes.member}>
      <PersonAvatar name={name} />
      <span className={classes.words}>
        <Text component="span" truncate>
          {isSelf ? `${name} (you)` : name}
        </Text>
        <LastSeenDisplay userId={userId} />
      </span>
      {roleText[role] && <Badge variant="light">{roleText[role]}</Badge>}
      {mayRemove && (
        <Menu position="bottom-end" withinPortal withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" radius="xl" aria-label={`Change ${name}'s membership`}>
              <MoreIcon size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {viewer === 'owner' && role === 'member' && (
              <Menu.Item onClick={() => onSetRole(userId, 'admin')}>Make admin</Menu.Item>
            )}
            {viewer === 'owner' && role === 'admin' && (
              <Menu.Item onClick={() => onSetRole(userId, 'member')}>Make an ordinary member</Menu.Item>
            )}
            <Menu.Item c="var(--mantine-color-error)" onClick={() => onRemove(userId)}>
              Remove from the group
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  )
}
