import t from 'tap'
import { contentFacts } from '../src/media/content-facts.ts'
import { audioType } from '../src/media/sniff.ts'
import { TypePolicy } from '../src/media/type-policy.ts'

/** A JPEG's headers: EXIF with an orientation, then the frame with its measures. */
function jpegHead(width: number, height: number, orientation: number): Buffer {
  const exif = Buffer.from(
    '457869660000' + '4d4d002a00000008' + '0001' + '0112000300000001' + '00000000',
    'hex',
  )
  exif.writeUInt16BE(orientation, exif.length - 4)
  const segment = Buffer.concat([exif, Buffer.alloc(4)])
  const app1 = Buffer.from([0xff, 0xe1, 0, segment.length + 2])
  const frame = Buffer.from([0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  return Buffer.concat([Buffer.from([0xff, 0xd8]), app1, segment, frame, Buffer.from([0xff, 0xd9])])
}

t.test('images: measured by their header, turned upright', async (t) => {
  t.same(await contentFacts(jpegHead(400, 300, 1)), { mimeType: 'image/jpeg', width: 400, height: 300 })
  t.same(await contentFacts(jpegHead(400, 300, 6)), { mimeType: 'image/jpeg', width: 300, height: 400 })
  const broken = jpegHead(400, 300, 1).subarray(0, 12)
  t.same(await contentFacts(broken), { mimeType: 'image/jpeg' }, 'an image all the same')
})

t.test('what could run in a browser is of no known type', async (t) => {
  for (const text of [
    '<!doctype html><script>',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'alert(1)',
    '{}',
  ]) {
    t.same(await contentFacts(Buffer.from(text), 'image/png'), { mimeType: 'application/octet-stream' })
  }
})

t.test('audio: the sender says no more than what the container can hold', async (t) => {
  const webm = Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4])
  t.same(await contentFacts(webm, 'audio/webm;codecs=opus'), {
    mimeType: 'audio/webm;codecs=opus',
    audioType: 'audio/webm',
  })
  t.equal((await contentFacts(webm, 'audio/mpeg')).mimeType, 'application/octet-stream')
  t.equal(audioType('audio/webm; codecs="opus"', 'audio/webm'), 'audio/webm; codecs="opus"')
  for (const declared of ['audio/webm\r\nset-cookie: a=b', 'audio/webmx', 'text/html', 'audio/webm;x=y']) {
    t.equal(audioType(declared, 'audio/webm'), 'audio/webm')
  }
})

t.test('allowed and denied types', async (t) => {
  const policy = new TypePolicy({ allow: 'image/*, audio/ogg', deny: 'image/tiff' })
  policy.check('image/png')
  policy.check('audio/ogg; codecs=opus')
  for (const type of ['image/tiff', 'video/ogg', 'imagex/png']) {
    t.throws(() => policy.check(type), { code: 'UNSUPPORTED_MEDIA' }, type)
  }
})
