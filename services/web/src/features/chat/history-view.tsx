import { ActionIcon, Text, VisuallyHidden } from '@mantine/core'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { DownIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import { type HistoryRow, rowKey, rowsOf } from './history-rows.ts'
import { MessageBubble } from './message-bubble.tsx'
import { dayText, isSameDay, summaryText } from './message-text.ts'
import { OlderMessages, olderHeight } from './older-messages.tsx'
import { OutgoingBubble } from './outgoing-bubble.tsx'
import type { OpenConversation } from './use-conversation.ts'
import { useHistoryScroll } from './use-history-scroll.ts'

/** How long the message that one went to stands out. */
const markedMs = 2_500

interface HistoryViewProps {
  conversationId: string
  conversation: OpenConversation
  title: string
  firstUnread: number | undefined
}

/** One part of a conversation. Only what is in view is in the document, however long it is. */
export function HistoryView({ conversationId, conversation, title, firstUnread }: HistoryViewProps) {
  const { chat } = useServices()
  const { list, loading, outgoing, view, isAtNewest } = conversation
  const rows = useMemo(() => rowsOf(list.messages, outgoing), [list.messages, outgoing])
  const scroll = useRef<HTMLElement>(null)
  const virtualizer = useRef<VirtualizerHandle>(null)
  const [marked, mark] = useMarked()
  const { shift, isAway, onScroll, onResize, toEnd } = useHistoryScroll({
    rows,
    virtualizer,
    beginAtSeq: view === 0 ? firstUnread : undefined,
    wanted: conversation.wanted,
    onShown: (messageId) => {
      mark(messageId)
      chat.shown(messageId)
    },
    isAtNewest,
    canLoad: loading === 'ready',
    hasOlder: conversation.hasOlder,
    loadOlder: conversation.loadOlder,
    loadNewer: conversation.loadNewer,
  })

  const goal = marked === undefined ? undefined : list.messages.find(({ _id }) => _id === marked)

  // The button that was pressed went with the part that was in view.
  useEffect(() => {
    if (view > 0 && document.activeElement === document.body) scroll.current?.focus({ preventScroll: true })
  }, [view])

  function toNewest() {
    if (!isAtNewest) return chat.toNewest(conversationId)
    scroll.current?.focus({ preventScroll: true }) // the button goes
    toEnd()
  }

  return (
    <div className={classes.history}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section ref={scroll} className={classes.scroll} tabIndex={0} aria-label="Messages">
        <OlderMessages conversation={conversation} />
        {rows.length === 0 && loading === 'ready' && (
          <Text c="dimmed" ta="center" my="auto" p="md">
            Nothing here yet. Say hello to {title}.
          </Text>
        )}
        {rows.length > 0 && <div className={classes.filler} />}
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
              isMarked={row.message !== undefined && row.message._id === marked}
            />
          )}
        </Virtualizer>
      </section>
      <VisuallyHidden role="status">{goal && `${goal.sender.name}: ${summaryText(goal)}`}</VisuallyHidden>
      {isAway && (
        <ActionIcon
          className={classes.toNewest}
          variant="default"
          size={42}
          radius="xl"
          aria-label="To the newest messages"
          title="To the newest messages"
          onClick={toNewest}
        >
          <DownIcon />
        </ActionIcon>
      )}
    </div>
  )
}

/** A message that stands out for a moment. */
function useMarked(): [string | undefined, (messageId: string) => void] {
  const [marked, setMarked] = useState<{ messageId: string }>()
  useEffect(() => {
    if (!marked) return
    const timer = setTimeout(() => setMarked(undefined), markedMs)
    return () => clearTimeout(timer)
  }, [marked])
  const mark = useCallback((messageId: string) => setMarked({ messageId }), [])
  return [marked?.messageId, mark]
}

interface RowProps {
  row: HistoryRow
  previous: HistoryRow | undefined
  isFirstUnread: boolean
  isLast: boolean
  isMarked: boolean
}

function Row({ row: { message, outgoing }, previous, isFirstUnread, isLast, isMarked }: RowProps) {
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
        <MessageBubble
          message={message}
          previous={isNewDay || isFirstUnread ? undefined : before}
          isMarked={isMarked}
        />
      )}
      {outgoing && <OutgoingBubble outgoing={outgoing} />}
    </div>
  )
}
