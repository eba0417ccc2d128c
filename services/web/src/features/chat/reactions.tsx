import type { Message } from '@earshot/protocol'
import { UnstyledButton } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'

/** Each kind with how many, one's own marked; a press joins in or takes back. */
export function Reactions({ message }: { message: Message }) {
  const { client, session } = useServices()
  const { reactions = [], _id } = message
  if (reactions.length === 0 || message.deletedAt !== undefined) return null

  function toggle(emoji: string, remove: boolean) {
    client.react(_id, emoji, { remove }).catch((error: unknown) => {
      console.warn('Earshot: the reaction was not taken.', error)
    })
  }

  return (
    <ul className={classes.reactions} aria-label="Reactions">
      {reactions.map(({ emoji, userIds }) => {
        const isMine = userIds.includes(session.userId)
        return (
          <li key={emoji}>
            <UnstyledButton
              className={classes.reaction}
              aria-pressed={isMine}
              aria-label={`${emoji}, ${userIds.length}`}
              onClick={() => toggle(emoji, isMine)}
            >
              {emoji} {userIds.length}
            </UnstyledButton>
          </li>
        )
      })}
    </ul>
  )
}
