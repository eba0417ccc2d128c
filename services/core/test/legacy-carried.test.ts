import { ObjectId } from 'mongodb'
import t from 'tap'
import { fileOf, voiceOf } from '../src/legacy/carried.ts'
import { idOf, idsOf, writtenAt } from '../src/legacy/old-docs.ts'

const _id = new ObjectId('65e1994c401cc1db6ef87e66')
const webm = Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3])
const url = (type: string, bytes = webm) => `data:${type};base64,${bytes.toString('base64')}`

t.test('audio: type and size are those of the bytes where they can be known', async (t) => {
  const voice = (voiceMessage: unknown) => voiceOf({ _id, voiceMessage })
  t.match(voice({ url: url('audio/webm;codecs=opus') }), {
    mimeType: 'audio/webm;codecs=opus',
    size: 7,
    duration: 0,
    place: 'inline',
  })
  t.match(voice({ url: url('audio/webm'), duration: '2.5', mimeType: 'audio/ogg', size: 1_000_000 }), {
    mimeType: 'audio/webm',
    size: 7,
    duration: 2.5,
  })
  const unknown = Buffer.from('what?')
  t.match(voice({ url: url('audio/amr', unknown) }), { mimeType: 'audio/amr' })
  t.match(voice({ url: url('text/html', unknown) }), { mimeType: 'application/octet-stream' })
  t.match(voice({ url: 'https://old.example.org/a.webm', duration: -1 }), { size: 0, duration: 0 })
  for (const none of [undefined, null, 'x', {}, { url: '' }, { url: { $ne: 1 } }])
    t.equal(voice(none), undefined)
})

t.test(
  'files: in the document, or where the existing system keeps them, and nothing that runs',
  async (t) => {
    t.match(fileOf({ _id, file: { url: url('application/pdf'), name: '../../plan.pdf', size: 1 } }), {
      url: `/media/${_id.toHexString()}`,
      name: 'plan.pdf',
      mimeType: 'application/pdf',
      size: 7,
    })
    t.match(fileOf({ _id, fileUrl: '/uploads/a%20b.png?x=1', fileType: 'image/png', fileSize: 12.4 }), {
      url: '/uploads/a%20b.png?x=1',
      mimeType: 'image/png',
      size: 12,
    })
    t.match(fileOf({ _id, file: 'https://old.example.org/u/plan.pdf' }), { name: 'plan.pdf', size: 0 })
    for (const bad of [
      'javascript:alert(1)',
      'data:text/html,x',
      '//evil.example.org/x',
      'file:///etc/passwd',
      '',
    ]) {
      t.equal(fileOf({ _id, file: { url: bad } }), undefined, bad)
    }
  },
)

t.test('ids and times in all their forms', async (t) => {
  const hex = _id.toHexString()
  for (const form of [_id, hex, hex.toUpperCase(), { _id }, { user: hex }, { userId: _id }])
    t.equal(idOf(form), hex)
  for (const none of [undefined, null, '', 7, {}, [], new Date()]) t.equal(idOf(none), undefined)
  t.same(idsOf([_id, hex, { user: _id, role: 'admin' }, null]), [hex])
  t.equal(idsOf('x'), undefined)
  const at = new Date(1_700_000_000_000)
  t.same(writtenAt({ _id, createdAt: at }), at)
  t.same(writtenAt({ _id, timestamp: at.toISOString() }), at)
  t.same(writtenAt({ _id, createdAt: 'nonsense' }), _id.getTimestamp())
})
