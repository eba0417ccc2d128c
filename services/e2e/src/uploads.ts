import { randomBytes } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'
import type { MediaRecord } from '@earshot/protocol'
import type { Cluster } from './cluster.ts'
import type { TestClient } from './test-client.ts'

/** Bytes of no known type, different each time. The first ones make sure of that. */
export function opaqueBytes(size: number): Buffer {
  return Buffer.concat([Buffer.from('opaque: '), randomBytes(size - 8)])
}

/** A real image of one colour. */
export function pngBytes(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0], 8)
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * height)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(data.length, 0)
  ends.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
}

/** Uploads and expects success. */
export async function upload(
  client: TestClient,
  bytes: Buffer,
  { name, type = 'application/octet-stream' }: { name?: string; type?: string } = {},
): Promise<MediaRecord> {
  const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`
  const response = await client.http(`/media${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(bytes),
  })
  if (response.status !== 201) throw new Error(`POST /media: ${response.status} ${await response.text()}`)
  return (await response.json()) as MediaRecord
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

/** What the stores hold of uploads: records, resumable uploads, blobs, pieces of blobs. */
export async function kept(
  cluster: Cluster,
): Promise<Record<'media' | 'uploads' | 'files' | 'chunks', number>> {
  const count = (name: string) =>
    cluster.db
      .collection(name)
      .find({}, { projection: { _id: 1 } })
      .toArray()
  const [media, uploads, files, chunks] = await Promise.all(
    ['media', 'uploads', 'media.files', 'media.chunks'].map(count),
  )
  return {
    media: media?.length ?? 0,
    uploads: uploads?.length ?? 0,
    files: files?.length ?? 0,
    chunks: chunks?.length ?? 0,
  }
}

export const nothing = { media: 0, uploads: 0, files: 0, chunks: 0 }

/** Asks the stores until they say so. The test's own time limit ends it. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check()));
}
