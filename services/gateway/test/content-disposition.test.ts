import t from 'tap'
import { contentDisposition, fileNameOf } from '../src/http/content-disposition.ts'
import { matchesEtag } from '../src/http/range.ts'

t.test('shown in place is only what is harmless', async (t) => {
  for (const type of ['image/png', 'audio/ogg; codecs=opus', 'video/mp4', 'IMAGE/JPEG']) {
    t.equal(contentDisposition(type, undefined), 'inline', type)
  }
  for (const type of ['text/html', 'image/svg+xml', 'application/pdf', 'application/octet-stream', 'x']) {
    t.equal(contentDisposition(type, undefined), 'attachment', type)
  }
})

t.test('names: no folders, no line breaks, nothing that ends the header', async (t) => {
  const of = (name: string) => contentDisposition('application/pdf', name)
  t.equal(of('a b.pdf'), 'attachment; filename="a b.pdf"')
  t.equal(of('/etc/passwd'), 'attachment; filename="passwd"')
  t.equal(of('C:\\x\\y.pdf'), 'attachment; filename="y.pdf"')
  t.equal(of('a\r\nSet-Cookie: b'), 'attachment; filename="aSet-Cookie: b"')
  t.equal(of('..'), 'attachment')
  t.equal(of(`"';%.pdf`), `attachment; filename="_';_.pdf"; filename*=UTF-8''%22%27%3B%25.pdf`)
  t.equal(of('\u202efdp.exe'), 'attachment; filename="fdp.exe"')
  t.equal(of('\ud83d\ude00.pdf'), `attachment; filename="__.pdf"; filename*=UTF-8''%F0%9F%98%80.pdf`)
  const long = `${'\ud83d\ude00'.repeat(300)}`
  t.match(of(long), /^attachment; filename="_{254}"; filename\*=UTF-8''(%F0%9F%98%80){127}$/)
})

t.test('the name that a sender gives', async (t) => {
  t.equal(fileNameOf('attachment; filename="a \\"b\\".txt"'), 'a "b".txt')
  t.equal(fileNameOf('attachment; filename=plain.txt'), 'plain.txt')
  t.equal(fileNameOf(`attachment; filename="x"; filename*=UTF-8''%C3%BC.txt`), '\u00fc.txt')
  t.equal(fileNameOf(`attachment; filename*=UTF-8''%zz`), undefined)
  t.equal(fileNameOf(undefined), undefined)
})

t.test('If-None-Match', async (t) => {
  t.ok(matchesEtag('"a", W/"b"', '"b"'))
  t.ok(matchesEtag('*', '"b"'))
  t.notOk(matchesEtag('"a"', '"b"'))
  t.notOk(matchesEtag(undefined, '"b"'))
})
