import type { RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { EarshotClient, HttpApi } from '../src/index.ts'
import { startTestServer } from './test-server.ts'

async function api(t: Test, onRequest: RequestListener) {
  const { url } = await startTestServer(t, onRequest)
  return new HttpApi({ url: `${url}/`, getToken: () => 'secret' })
}

t.test('asks for a page of history with the token', async (t) => {
  const http = await api(t, (request, response) => {
    response.end(
      JSON.stringify({ messages: [], headSeq: 7, url: request.url, auth: request.headers.authorization }),
    )
  })
  t.strictSame(await http.history('dm:a%40x:b', { beforeSeq: 5, limit: 2 }), {
    messages: [],
    headSeq: 7,
    url: '/chat/dm%3Aa%2540x%3Ab/messages?beforeSeq=5&limit=2',
    auth: 'Bearer secret',
  })
})

t.test('an error of the service keeps its code and field', async (t) => {
  const http = await api(t, (_request, response) => {
    response.statusCode = 409
    response.end('{"error":{"code":"CONFLICT","message":"That name is taken.","field":"username"}}')
  })
  await t.rejects(http.register({ username: 'ann', password: 'long enough' }), {
    name: 'CodedError',
    code: 'CONFLICT',
    message: 'That name is taken.',
    field: 'username',
  })
})

t.test('the error page of a proxy becomes an error of the table', async (t) => {
  const http = await api(t, (_request, response) => {
    response.statusCode = 503
    response.end('<html>No server is available</html>')
  })
  await t.rejects(http.limits(), { code: 'RETRY_LATER' })
})

t.test('a server that is away is worth another try', async (t) => {
  await t.rejects(new HttpApi({ url: 'http://127.0.0.1:1' }).limits(), { code: 'RETRY_LATER' })
})

t.test('a token that cannot be had is worth another try', async (t) => {
  let asked = 0
  const { url } = await startTestServer(t, (_request, response) => void response.end('{"_id":"ann"}'))
  const http = new EarshotClient({
    url,
    getToken: async () => {
      asked++
      if (asked === 1) throw new TypeError('fetch failed')
      return 'secret'
    },
  }).http
  t.match(await http.me(), { _id: 'ann' })
  await t.rejects(
    new HttpApi({ url, getToken: () => Promise.reject(new Error('no')) }).register({
      username: 'ann',
      password: 'long enough',
    }),
    { name: 'CodedError', code: 'RETRY_LATER' },
  )
})

t.test('the token goes to our own media only', async (t) => {
  const http = await api(t, (_request, response) => void response.end('audio'))
  t.equal(await (await http.media('/media/x')).text(), 'audio')
  await t.rejects(http.media('https://elsewhere.example/media/x'), { code: 'BAD_REQUEST' })
})

t.test('nobody is asked about nobody', async (t) => {
  const http = await api(t, () => t.fail('a request'))
  t.same(await http.lastSeenMany([]), [])
})

t.test('what only reads is tried again, what changes something is not', async (t) => {
  const asked: string[] = []
  const http = await api(t, (request, response) => {
    asked.push(request.method ?? '')
    if (asked.length === 1) request.socket.destroy()
    else response.end('{"messages":[],"headSeq":0}')
  })
  t.match(await http.history('dm:a:b'), { headSeq: 0 })
  t.same(asked, ['GET', 'GET'])
  asked.length = 0
  await t.rejects(http.setMember('g', 'ann'), { code: 'RETRY_LATER' })
  t.same(asked, ['PUT'])
})

t.test('an answer that breaks off is worth another try', async (t) => {
  const http = await api(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('audio')
    response.socket?.destroySoon()
  })
  await t.rejects(http.media('/media/x'), { name: 'CodedError', code: 'RETRY_LATER' })
  await t.rejects(http.me(), { name: 'CodedError', code: 'RETRY_LATER' })
})
