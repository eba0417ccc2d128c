import { request } from 'node:http'
import type { TestClient } from './test-client.ts'

const version = { 'tus-resumable': '1.0.0' }

/** Begins a resumable upload and returns its path. */
export async function begin(client: TestClient, length: number, metadata: Record<string, string> = {}) {
  const pairs = Object.entries(metadata).map(
    ([key, text]) => `${key} ${Buffer.from(text).toString('base64')}`,
  )
  const response = await client.http('/media/uploads', {
    method: 'POST',
    headers: {
      ...version,
      'upload-length': String(length),
      ...(pairs.length > 0 && { 'upload-metadata': pairs.join(',') }),
    },
  })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return response.headers.get('location') ?? ''
}

export async function patch(client: TestClient, path: string, offset: number, bytes: Buffer) {
  return client.http(path, {
    method: 'PATCH',
    headers: {
      ...version,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
    },
    body: new Uint8Array(bytes),
  })
}

export async function head(client: TestClient, path: string) {
  return client.http(path, { method: 'HEAD', headers: version })
}

export async function terminate(client: TestClient, path: string) {
  return client.http(path, { method: 'DELETE', headers: version })
}

/** A PATCH that says it brings `length` bytes, brings some, and then neither goes on nor ends, until `cut`. */
export function hangingPatch(
  client: TestClient,
  path: string,
  offset: number,
  length: number,
  bytes: Buffer,
) {
  const outgoing = request(client.url + path, {
    method: 'PATCH',
    headers: {
      ...version,
      authorization: `Bearer ${client.token}`,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
      'content-length': String(length),
    },
  })
  // Cut by one side or the other.
  const errors: Error[] = []
  outgoing.on('error', (error) => errors.push(error))
  outgoing.write(bytes)
  return { errors, cut: () => outgoing.destroy() }
}
