import { Text, VisuallyHidden } from '@mantine/core'
import { useMemo, useRef } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import { type HistoryRow, rowKey, rowsOf } from './history-rows.ts'
import { MessageBubble } from './message-bubble.tsx'
import { dayText, isSameDay, summaryText } from './message-text.ts'
import { OlderMessages, olderHeight } from './older-messages.tsx'
import { OutgoingBubble } from './outgoing-bubble.tsx'
import { ShowMessageContext } from './show-message.ts'
import { type OpenConversation, useConversation, useReading } from './use-conversation.ts'
import { useHistoryScroll } from './use-history-scroll.ts'

interface MessageHistoryProps {
  conversationId: string
  title: string
}

/** Only what is in view is in the document, however long the conversation is. */
export function MessageHistory({ conversationId, title }: MessageHistoryProps) {
  const { session } = useServices()
  const conversation = useConversation(conversationId)
  const { list, loading, outgoing, hasOlder } = conversation
  const unreadFrom = useReading(conversationId, list.headSeq)
  const firstUnread = useMemo(() => {
    if (unreadFrom === undefined) return undefined
    return list.messages.find(({ seq, sender }) => seq >= unreadFrom && sender._id !== session.userId)?.seq
  }, [list.messages, unreadFrom, session.userId])
  const rows = useMemo(() => rowsOf(list.messages, outgoing), [list.messages, outgoing])
  const scroll = useRef<HTMLElement>(null)
  const virtualizer = useRef<VirtualizerHandle>(null)
  const { shift, onScroll, onResize, show } = useHistoryScroll({
    rows,
    virtualizer,
    firstUnread,
    canLoadOlder: hasOlder && loading === 'ready',
    loadOlder: conversation.loadOlder,
  })
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section ref={scroll} className={classes.scroll} tabIndex={0} aria-label="Messages">
        <OlderMessages conversation={conversation} />
        {rows.length === 0 && loading === 'ready' && (
          <Text c="dimmed" ta="center" my="auto" p="md">
            Nothing here yet. Say hello to {title}.
          </Text>
        )}
        {rows.length > 0 && <div className={classes.filler} />}
        <ShowMessageContext value={show}>
          <Virtualizer
            ref={virtualizer}
            scrollRef={scroll}
            as="ol"
            item="li"
            data={rows}
            shift={shift}
            startMargin={olderHeight}
            onScroll={onScroll}
            onResize={onResize}
          >
            {(row, index) => (
              <Row
                key={rowKey(row)}
                row={row}
                previous={rows[index - 1]}
                isFirstUnread={row.message?.seq === firstUnread && firstUnread !== undefined}
                isLast={index === rows.length - 1}
              />
            )}
          </Virtualizer>
        </ShowMessageContext>
      </section>
      <Announcement conversation={conversation} />
    </>
  )
}

interface RowProps {
  row: HistoryRow
  previous: HistoryRow | undefined
  isFirstUnread: boolean
  isLast: boolean
}

function Row({ row: { message, outgoing }, previous, isFirstUnread, isLast }: RowProps) {
  const before = previous?.message
  const isNewDay = message && !(before && isSameDay(before.createdAt, message.createdAt))
  return (
    <div className={classes.row} data-last={isLast || undefined}>
      {isNewDay && <div className={classes.divider}>{dayText(message.createdAt)}</div>}
      {isFirstUnread && (
        <div className={classes.divider} data-new>
          New messages
        </div>
      )}
      {message && (
        <MessageBubble message={message} previous={isNewDay || isFirstUnread ? undefined : before} />
      )}
      {outgoing && <OutgoingBubble outgoing={outgoing} />}
    </div>
  )
}

/** For screen readers: what others just wrote. */
function Announcement({ conversation: { list } }: { conversation: OpenConversation }) {
  const { session } = useServices()
  const last = list.messages.at(-1)
  const text = last && last.sender._id !== session.userId ? `${last.sender.name}: ${summaryText(last)}` : ''
  return <VisuallyHidden role="status">{text}</VisuallyHidden>
}
