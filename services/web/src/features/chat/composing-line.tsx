import { CloseButton, Text } from '@mantine/core'
import classes from './chat.module.css'
import type { Composing } from './composing.ts'
import { summaryText } from './message-text.ts'

interface ComposingLineProps {
  composing: Composing
  onEnd: () => void
}

/** Above the text: what it answers, or what it takes the place of. */
export function ComposingLine({ composing: { kind, message }, onEnd }: ComposingLineProps) {
  return (
    <div className={classes.composing}>
      <Text size="sm" truncate>
        <b>{kind === 'edit' ? 'Edit' : message.sender.name}</b> {summaryText(message)}
      </Text>
      <CloseButton aria-label={kind === 'edit' ? 'Do not edit' : 'Do not reply'} onClick={onEnd} />
    </div>
  )
}
