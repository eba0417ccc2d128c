import { existsSync } from 'node:fs'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { startS3 } from '../servers/index.ts'
import { scratch } from './scratch.ts'

t.test('an S3 server that is killed comes back on its port with what it acknowledged', async (t) => {
  const dataDir = scratch(t)
  const server = await startS3({ dataDir })
  t.teardown(() => server.stop())
  const { origin: endpoint, username: accessKeyId, password: secretAccessKey } = new URL(server.url)
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  t.teardown(() => client.destroy())
  const object = { Bucket: 'kept', Key: 'a/b' }
  await client.send(new CreateBucketCommand({ Bucket: 'kept' }))
  await client.send(new PutObjectCommand({ ...object, Body: 'yes', ContentType: 'text/x' }))
  t.equal((await fetch(`${endpoint}/kept/a/b`)).status, 403, 'for those with credentials alone')
  const { pid, port } = server

  await server.kill('SIGKILL')
  t.equal(server.pid, undefined)
  await server.restart()
  t.not(server.pid, pid)
  t.equal(server.port, port)
  const { Body, ContentType } = await client.send(new GetObjectCommand(object))
  t.equal(await Body?.transformToString(), 'yes')
  t.equal(ContentType, 'text/x')

  await server.stop()
  t.ok(existsSync(dataDir), 'data in a folder that was given stays')
})
