import { Avatar } from '@mantine/core'
import classes from './people.module.css'
import { useStatus } from './use-presence.ts'

/** Those of Mantine's colours in which initials stand out enough. */
const legible = ['indigo', 'violet', 'grape', 'pink', 'blue']

interface PersonAvatarProps {
  name: string
  /** With it, a green dot while they are online. */
  userId?: string | undefined
}

/** Decoration beside a name: the words that say the same stand elsewhere. */
export function PersonAvatar({ name, userId }: PersonAvatarProps) {
  const status = useStatus(userId)
  return (
    <span className={classes.avatar} aria-hidden="true">
      <Avatar name={name} color="initials" allowedInitialsColors={legible} radius="xl" />
      {status?.isOnline && <span className={classes.dot} />}
    </span>
  )
}
