import type { Change, Message } from '@earshot/protocol'
import fc from 'fast-check'
import t from 'tap'
import {
  applyChange,
  applyMessage,
  applyMessages,
  applyPosition,
  applyVoice,
  contiguousSeq,
  emptyMessageList,
  gapsOf,
  hasOlder,
} from '../src/message-list.ts'

const message = (seq: number, change: Partial<Message> = {}): Message => ({
  _id: `m${seq}`,
  conversationId: 'dm:a:b',
  seq,
  sender: { _id: 'a', name: 'Ann' },
  recipientId: 'b',
  messageType: 'text',
  content: `text ${seq}`,
  createdAt: '2026-01-01T00:00:00.000Z',
  status: 'sent',
  ...change,
})
const voice = (url: string) => ({ url, duration: 3, mimeType: 'audio/webm', size: 9 })
const listOf = (...seqs: number[]) =>
  applyMessages(
    emptyMessageList,
    seqs.map((seq) => message(seq)),
  )
const seqsOf = (list: ReturnType<typeof listOf>) => list.messages.map(({ seq }) => seq)

t.test('any order of arrival gives the same ascending list', async (t) => {
  t.strictSame(seqsOf(listOf(3, 1, 2)), [1, 2, 3])
  t.strictSame(listOf(2, 3, 1), listOf(1, 2, 3))
})

t.test('pages give what their messages give one by one', async () => {
  const messages = fc.array(
    fc
      .record({ seq: fc.integer({ min: 1, max: 12 }), content: fc.constantFrom('old', 'new') })
      .map(({ seq, content }) => message(seq, { content })),
  )
  fc.assert(
    fc.property(messages, messages, (known, page) => {
      const list = known.reduce(applyMessage, emptyMessageList)
      t.strictSame(applyMessages(list, page), page.reduce(applyMessage, list))
    }),
  )
})

t.test('the same message again changes nothing', async (t) => {
  const list = listOf(1, 2)
  t.equal(applyMessage(list, message(2)), list)
})

t.test('a newer state of a known message replaces it', async (t) => {
  const list = applyMessage(listOf(1, 2), message(1, { status: 'read' }))
  t.equal(list.messages[0]?.status, 'read')
  t.strictSame(seqsOf(list), [1, 2])
})

t.test('a list is never changed in place', async (t) => {
  const list = listOf(1)
  applyMessage(list, message(2))
  t.strictSame(seqsOf(list), [1])
})

t.test('gaps are found inside the window and after it, not before it', async (t) => {
  t.strictSame(gapsOf(emptyMessageList), [])
  t.strictSame(gapsOf(listOf(5, 6)), [])
  t.strictSame(gapsOf(listOf(5, 8, 9, 12)), [
    { afterSeq: 5, beforeSeq: 8 },
    { afterSeq: 9, beforeSeq: 12 },
  ])
  const behind = applyMessages(listOf(1, 2), [], 4)
  t.strictSame(gapsOf(behind), [{ afterSeq: 2, beforeSeq: 5 }])
  t.strictSame(gapsOf(applyMessages(behind, [message(3), message(4)])), [])
})

t.test('sync starts at the last seq before the first gap', async (t) => {
  t.equal(contiguousSeq(emptyMessageList), 0)
  t.equal(contiguousSeq(listOf(4, 5)), 5)
  t.equal(contiguousSeq(listOf(4, 5, 9)), 5)
})

t.test('older history is there until seq 1 is', async (t) => {
  t.equal(hasOlder(emptyMessageList), false)
  t.equal(hasOlder(listOf(2)), true)
  t.equal(hasOlder(listOf(1, 2)), false)
  t.equal(hasOlder(applyMessages(emptyMessageList, [], 7)), true)
})

t.test('stored audio replaces inline audio, never the other way round', async (t) => {
  const inline = message(1, { messageType: 'voice', voiceMessage: voice('data:audio/webm;base64,AAAA') })
  const list = applyVoice(applyMessage(emptyMessageList, inline), 'm1', voice('/media/x'))
  t.equal(list.messages[0]?.voiceMessage?.url, '/media/x')
  t.equal(applyMessage(list, inline), list, 'a page that was read before it was stored')
  t.equal(applyVoice(list, 'unknown', voice('/media/y')), list)
})

t.test('audio that was prepared stays so; what is learnt of it is added', async (t) => {
  const stored = voice('/media/x')
  const prepared = { ...voice('/media/x.m4a'), waveform: [0.5], original: { ...stored } }
  const told = message(1, { messageType: 'voice', voiceMessage: prepared })
  const list = applyMessage(emptyMessageList, told)
  const late = applyMessage(list, message(1, { messageType: 'voice', voiceMessage: stored }))
  t.equal(late, list, 'a page that was read before')
  const transcribed = applyVoice(list, 'm1', { ...prepared, transcript: 'hello' })
  t.match(transcribed.messages[0]?.voiceMessage, {
    url: '/media/x.m4a',
    transcript: 'hello',
    waveform: [0.5],
  })
  const again = applyVoice(transcribed, 'm1', prepared)
  t.equal(again.messages[0]?.voiceMessage?.transcript, 'hello', 'a transcript is not lost')
})

t.test('changes: a text is edited, reactions come and go, a deletion takes all', async (t) => {
  const of = { messageId: 'm2', conversationId: 'dm:a:b', seq: 2 }
  const react = (changeSeq: number, userId: string, emoji: string, remove = false): Change => ({
    type: 'message_reaction',
    ...of,
    changeSeq,
    userId,
    emoji,
    remove,
  })
  const edit: Change = { type: 'message_edited', ...of, changeSeq: 5, content: 'new', editedAt: 'now' }
  const steps = [
    react(1, 'a', '👍'),
    react(2, 'b', '👍'),
    react(3, 'a', '🙏'),
    react(4, 'a', '👍', true),
    edit,
  ]
  const list = steps.reduce(applyChange, listOf(1, 2))
  t.match(list.messages[1], {
    content: 'new',
    editedAt: 'now',
    reactions: [
      { emoji: '👍', userIds: ['b'] },
      { emoji: '🙏', userIds: ['a'] },
    ],
  })
  t.equal(applyChange(list, { ...edit, messageId: 'elsewhere' }), list)
  t.strictSame(applyChange(list, react(6, 'b', '👍', true)).messages[1]?.reactions, [
    { emoji: '🙏', userIds: ['a'] },
  ])
  const gone = applyChange(list, { type: 'message_deleted', ...of, changeSeq: 7, deletedAt: 'later' })
  t.match(gone.messages[1], { content: '', deletedAt: 'later', reactions: undefined })
  t.equal(applyChange(gone, edit), gone, 'what is deleted is changed no more')
})

t.test(
  'where one stopped in a voice message: the last word counts, 0 forgets it, pages do not bring it back',
  async (t) => {
    const stored = { url: '/media/x', duration: 9, mimeType: 'audio/webm', size: 3 }
    const list = applyMessage(emptyMessageList, message(1, { messageType: 'voice', voiceMessage: stored }))
    const stopped = applyPosition(list, 'm1', 4.5)
    t.equal(stopped.messages[0]?.voiceMessage?.position, 4.5)
    t.equal(applyPosition(stopped, 'm1', 4.5), stopped, 'nothing new')
    const prepared = applyVoice(stopped, 'm1', { ...stored, url: '/media/x.m4a' })
    t.equal(prepared.messages[0]?.voiceMessage?.position, 4.5, 'kept when the audio has another address')
    const begun = applyPosition(stopped, 'm1', 0)
    t.notOk('position' in (begun.messages[0]?.voiceMessage ?? { position: 0 }))
    t.equal(applyPosition(list, 'elsewhere', 3), list)
    t.equal(applyPosition(listOf(1), 'm1', 3).messages[0]?.voiceMessage, undefined, 'a text has none')
  },
)

t.test(
  'who has played a voice message is added to, and not forgotten by events that do not know it',
  async (t) => {
    const stored = { url: '/media/x', duration: 9, mimeType: 'audio/webm', size: 3 }
    const playedBy = (...userIds: string[]) => message(1, { voiceMessage: { ...stored, playedBy: userIds } })
    const list = applyMessage(emptyMessageList, playedBy('b'))
    const prepared = applyVoice(list, 'm1', { ...stored, url: '/media/x.m4a' })
    t.strictSame(prepared.messages[0]?.voiceMessage?.playedBy, ['b'])
    t.strictSame(applyMessage(prepared, playedBy('b', 'c')).messages[0]?.voiceMessage?.playedBy, ['b', 'c'])
    t.equal(applyMessage(list, playedBy('b')), list, 'nothing new')
  },
)
