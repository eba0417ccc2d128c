import type { Group, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { webmBytes } from '../src/speech.ts'
import { bytesOf, opaqueBytes, pngBytes, upload } from '../src/uploads.ts'

const fileOf = (url: string, name = 'x') => ({ url, name, mimeType: 'text/html', size: 1 })
const refused = (code: string, field: string) => ({ ok: false, error: { code, field } })

t.test(
  'a file message between nodes: what it says of the file is the upload, whatever is claimed',
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const eve = await cluster.connect('eve', 1)
    const bytes = pngBytes(640, 480)
    const { url } = await upload(ann, bytes, { name: 'IMG_1.png' })
    t.equal((await bob.http(url)).status, 404, 'not sent yet')
    const payload = {
      recipientId: 'bob',
      messageType: 'file',
      content: 'look',
      file: { ...fileOf(url, 'holiday.png'), width: 1, height: 1 },
      clientMessageId: 'f1',
    }
    const ack = await ann.send('message', payload)
    const file = {
      url,
      name: 'holiday.png',
      mimeType: 'image/png',
      size: bytes.length,
      width: 640,
      height: 480,
    }
    const heard = await bob.hears('new_message')
    t.match(heard, { _id: ack._id, messageType: 'file', content: 'look' })
    t.same(heard.file, file)
    t.ok(bytes.equals(await bytesOf(await bob.http(url))), 'readable by the time it is heard of')
    t.equal((await eve.http(url)).status, 404)
    t.equal((await fetch(ann.url + url)).status, 401)
    const page = await bob.get<HistoryPage>(`/chat/${encodeURIComponent(ack.conversationId)}/messages`)
    t.same(page.messages[0]?.file, file)

    t.same(await ann.send('message', payload), ack, 'sent again, the same')
    const renamed = { ...payload, file: fileOf(url, 'other.png') }
    t.match(await ann.raw('message', renamed), refused('CONFLICT', 'clientMessageId'))
    const forward = { messageType: 'file', file: fileOf(url) }
    t.match(await eve.raw('message', { recipientId: 'eve', ...forward }), refused('NOT_FOUND', 'file.url'))
    await bob.send('message', { recipientId: 'eve', ...forward })
    await eve.hears('new_message')
    t.equal((await eve.http(url)).status, 200, 'passed on by one who could read it')

    const nowhere = { ...payload, file: fileOf('/media/nowhere'), clientMessageId: 'f2' }
    t.match(await ann.raw('message', nowhere), refused('NOT_FOUND', 'file.url'))
    const outside = { ...payload, file: fileOf('http://127.0.0.1/x') }
    t.match(await ann.raw('message', outside), refused('BAD_REQUEST', 'file.url'))
    t.match(
      await ann.raw('message', { recipientId: 'bob', messageType: 'file' }),
      refused('BAD_REQUEST', 'file'),
    )
  },
)

t.test('sent again after its upload went, a message has the answer that it had', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const { _id, url } = await upload(ann, opaqueBytes(100))
  const payload = { recipientId: 'ann', messageType: 'file', file: fileOf(url), clientMessageId: 'k' }
  const ack = await ann.send('message', payload)
  await cluster.db.collection<{ _id: string }>('media').deleteOne({ _id })
  t.same(await ann.send('message', payload), ack)
  t.match(await ann.raw('message', { ...payload, content: 'new' }), refused('CONFLICT', 'clientMessageId'))
  t.match(await ann.raw('message', { ...payload, clientMessageId: 'l' }), refused('NOT_FOUND', 'file.url'))
})

t.test('a file in a group: for members, and only while they are', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'Trip', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  const bytes = opaqueBytes(3_000)
  const { url } = await upload(ann, bytes)
  await ann.send('group_message', { groupId, messageType: 'file', file: fileOf(url) })
  await bob.hears('new_group_message')
  t.ok(bytes.equals(await bytesOf(await bob.http(url))))
  const signed = await bob.http(`${url}/sign`, { method: 'POST' })
  const { url: signedUrl } = (await signed.json()) as { url: string }
  t.equal((await fetch(bob.url + signedUrl)).status, 200)
  t.equal((await carl.http(url)).status, 404, 'no member')
  t.equal((await ann.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })).status, 204)
  await bob.hears('group_member_removed')
  t.equal((await bob.http(url)).status, 404, 'no member any more')
  t.equal((await fetch(bob.url + signedUrl)).status, 404, 'by a signed URL neither')
  t.match(await bob.raw('message', { recipientId: 'bob', messageType: 'file', file: fileOf(url) }), {
    error: { code: 'NOT_FOUND', field: 'file.url' },
  })
  t.equal((await ann.http(url)).status, 200)
})

t.test(
  'a voice message by upload: over what a socket takes, playable at once, nothing to store',
  async (t) => {
    const env = { LIMIT_VOICE_MAX_BYTES: '2000000', LIMIT_VOICE_MAX_SOCKET_BYTES: '1000' }
    const cluster = await startCluster(t, { env })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const audio = webmBytes(1_500_000, 70)
    const { url } = await upload(ann, audio)
    const voice = (of: string) => ({ url: of, duration: 70, mimeType: 'audio/webm;codecs=opus', size: 1 })
    const voiceMessage = voice(url)
    const ack = await ann.send('voice_message', { recipientId: 'bob', voiceMessage, clientMessageId: 'v' })
    const heard = await bob.hears('new_voice_message')
    t.same(heard.voiceMessage, { ...voiceMessage, size: 1_500_000 })
    t.ok(audio.equals(await bytesOf(await bob.http(url))))
    t.equal((await bob.http(`/media/${ack._id}`)).status, 404, 'the audio has the id of the upload')
    t.same(await ann.send('voice_message', { recipientId: 'bob', voiceMessage, clientMessageId: 'v' }), ack)
    const page = await bob.get<HistoryPage>(`/chat/${encodeURIComponent(ack.conversationId)}/messages`)
    t.same(page.messages[0]?.voiceMessage, heard.voiceMessage)

    const send = async (of: string) =>
      ann.raw('voice_message', { recipientId: 'bob', voiceMessage: voice(of) })
    const text = await upload(ann, opaqueBytes(100))
    t.match(await send(text.url), refused('UNSUPPORTED_MEDIA', 'voiceMessage.url'))
    const large = await upload(ann, webmBytes(2_000_001))
    t.match(await send(large.url), refused('TOO_LARGE', 'voiceMessage.url'))
    t.match(await send('/media/nowhere'), refused('NOT_FOUND', 'voiceMessage.url'))
    t.match(await send('/media/../x'), refused('BAD_REQUEST', 'voiceMessage.url'))
    const ofBob = await upload(bob, webmBytes(300))
    t.match(await send(ofBob.url), refused('NOT_FOUND', 'voiceMessage.url'))
  },
)
