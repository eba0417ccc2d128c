import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { loadStoresConfig } from '@earshot/core/config/load'
import { InlineMover } from '@earshot/core/legacy/inline-mover'
import type { BlobContent, BlobStore } from '@earshot/core/media/blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { directConversationId, type HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { runMediaCli } from '../../worker/src/cli/media-cli.ts'
import { Cluster } from '../src/cluster.ts'
import { OldSystem, objectId } from '../src/old-system.ts'
import { startBucket } from '../src/s3.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'
import { bytesOf, kept, opaqueBytes, until } from '../src/uploads.ts'

const program = fileURLToPath(new URL('../../worker/src/cli/media-main.ts', import.meta.url))
const headersThatCount = ['content-type', 'content-length', 'etag', 'content-disposition', 'accept-ranges']

/** All that a client is told of a media: whole, in part, and by its headers. */
async function seen(client: TestClient, id: string) {
  const whole = await client.http(`/media/${id}`)
  const part = await client.http(`/media/${id}`, { headers: { range: 'bytes=100-199' } })
  const headers = (response: Response) => headersThatCount.map((name) => response.headers.get(name))
  return {
    whole: [whole.status, headers(whole), (await bytesOf(whole)).toString('base64')],
    part: [
      part.status,
      headers(part),
      part.headers.get('content-range'),
      (await bytesOf(part)).toString('hex'),
    ],
  }
}

for (const store of ['gridfs', 's3']) {
  t.test(`audio and files leave their documents for ${store}, and no client can tell`, async (t) => {
    const bucket = store === 's3' ? await startBucket(t) : undefined
    const cluster = new Cluster(bucket?.env())
    t.teardown(() => cluster.close())
    const old = new OldSystem(cluster.db)
    const [ann, bob] = [await old.user('Ann'), await old.user('Bob')]
    const group = await old.group('Band', [ann, bob])
    const audio = [webmBytes(300_000), webmBytes(2_000), webmBytes(5_000)]
    const voice = (bytes: Buffer = Buffer.alloc(0)) => ({
      voiceMessage: { url: dataUrl(bytes), duration: 3.5, mimeType: 'audio/webm', size: bytes.length },
    })
    const data = dataUrl(opaqueBytes(3_000), 'application/pdf')
    const direct = [
      await old.says(ann, { recipientId: objectId(bob), ...voice(audio[0]) }),
      await old.says(bob, { recipientId: ann, file: { url: data, name: 'a.pdf' } }),
      await old.says(bob, { recipientId: ann, fileUrl: data, fileName: 'b.pdf' }),
      await old.says(ann, { recipientId: bob, content: 'no media' }),
    ]
    const spoken = await old.says(bob, { groupId: objectId(group), ...voice(audio[1]) })
    const doomed = await old.says(ann, { recipientId: bob, ...voice(audio[2]) })
    await cluster.addGateway()
    await cluster.addGateway()
    await cluster.addWorker()
    const [a, b] = [await cluster.connect(ann, 0), await cluster.connect(bob, 1)]
    const conversations = [directConversationId(ann, bob), group]
    const histories = async (client: TestClient) =>
      Promise.all(
        conversations.map(async (id) => {
          const response = await client.http(`/chat/${encodeURIComponent(id)}/messages`)
          return response.ok ? ((await response.json()) as HistoryPage).messages : []
        }),
      )
    await until(async () => (await histories(a)).flat().length === 6)
    const carrying = [direct[0], direct[1], direct[2], spoken, doomed].filter((id) => id !== undefined)
    const look = async () => [
      await histories(a),
      await histories(b),
      ...(await Promise.all(carrying.flatMap((id) => [seen(a, id), seen(b, id)]))),
    ]
    const before = await look()

    const keys = async () => {
      if (bucket) return bucket.keys()
      const files = await cluster.db.collection<{ _id: string }>('media.files').find({}).toArray()
      return files.map(({ _id }) => _id).sort()
    }
    const killed = spawn(process.execPath, [program, 'move-inline'], {
      env: { PATH: process.env.PATH, ...cluster.env },
      stdio: 'ignore',
    })
    await until(async () => (await keys()).length > 0)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    t.same(await look(), before, 'killed in the middle')

    const run = async () => {
      let said = ''
      const note = (text: string) => {
        said += text
      }
      const config = loadStoresConfig(cluster.env)
      const code = await runMediaCli(
        ['move-inline'],
        config,
        { out: note, err: note },
        new AbortController().signal,
      )
      return { code, said }
    }
    const [first, second] = await Promise.all([run(), run()])
    t.same([first.code, second.code], [0, 0], first.said + second.said)
    t.same(await look(), before)
    const docs = await cluster.db.collection('messages').find({}).toArray()
    t.notOk(JSON.stringify(docs).includes('base64'), 'nothing is left in the documents')
    t.same(await keys(), carrying.toSorted())
    t.match(await run(), { code: 0, said: /Done: 0 moved/ }, 'again, there is nothing to do')

    await a.send('delete_message', { messageId: doomed })
    await b.send('delete_message', { messageId: direct[1] })
    t.equal((await a.http(`/media/${doomed}`)).status, 404)
    t.equal((await a.http(`/media/${direct[1]}`)).status, 404)
    t.equal((await keys()).length, 3)
  })
}

t.test('deleted while it is being moved, it leaves no blob', async (t) => {
  const cluster = new Cluster()
  t.teardown(() => cluster.close())
  const old = new OldSystem(cluster.db)
  const [ann, bob] = [await old.user('Ann'), await old.user('Bob')]
  const voiceMessage = { url: dataUrl(webmBytes(2_000)), duration: 1 }
  const spoken = await old.says(ann, { recipientId: bob, voiceMessage })
  await cluster.addGateway()
  await cluster.addWorker()
  const a = await cluster.connect(ann)
  await until(async () => (await a.http(`/media/${spoken}`)).status === 200)
  const blobs = new GridFsBlobStore(cluster.db)
  const slow = new Proxy(blobs as BlobStore, {
    get(target, property) {
      if (property !== 'put') return Reflect.get(target, property).bind(target)
      return async (key: string, content: BlobContent, type: string) => {
        await a.send('delete_message', { messageId: spoken })
        await target.put(key, content, type)
      }
    },
  })
  t.equal(await new InlineMover(cluster.db, slow).move(spoken), false)
  t.match(await kept(cluster), { files: 0, chunks: 0 })
})
