import type { Message } from '@earshot/protocol'
import t from 'tap'
import {
  applyMessage,
  applyMessages,
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
