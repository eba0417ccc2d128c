import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { MediaRecord } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { opaqueBytes } from '../src/uploads.ts'

const megabyte = 1_000_000
const size = 95
/** Buffers on their way, and garbage that is not collected yet; well below what the whole file would take. */
const allowed = 65 * megabyte

t.setTimeout(120_000)

t.test('a large file passes through a gateway, up and down, without being in its memory', async (t) => {
  if (process.platform !== 'linux') {
    t.comment('skipped: reads /proc')
    return
  }
  const cluster = await startCluster(t, { nodes: 0, workers: 0 })
  const gateway = await cluster.addProcess('gateway')
  const ann = await cluster.connectTo(gateway, 'ann')
  const { pid } = gateway.child
  /** Bytes. */
  const memory = async (field: 'VmRSS' | 'VmHWM') => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
  }
  const peakOf = async (work: () => Promise<void>) => {
    const before = await memory('VmRSS')
    // Forgets the highest value so far.
    await writeFile(`/proc/${pid}/clear_refs`, '5')
    await work()
    return (await memory('VmHWM')) - before
  }
  const piece = opaqueBytes(megabyte)
  const send = async (megabytes: number): Promise<MediaRecord> => {
    const pieces = Array.from({ length: megabytes }, () => piece)
    const body = Readable.toWeb(Readable.from(pieces)) as ReadableStream
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    return (await ann.http('/media', init)).json() as Promise<MediaRecord>
  }
  const fetchFrom = async ({ url }: MediaRecord, megabytes: number): Promise<number> => {
    const headers = { range: `bytes=${megabytes * megabyte}-` }
    let fetched = 0
    for await (const bytes of (await ann.http(url, { headers })).body ?? []) fetched += bytes.length
    return fetched
  }
  let record = await send(10)
  t.equal(await fetchFrom(record, 0), 10 * megabyte, 'warm')
  const up = await peakOf(async () => {
    record = await send(size)
  })
  t.equal(record.size, size * megabyte)
  const down = await peakOf(async () => {
    t.equal(await fetchFrom(record, 10), (size - 10) * megabyte)
  })
  const text = (bytes: number) => `${(bytes / megabyte).toFixed(1)} MB`
  t.comment(`at most ${text(up)} more while ${size} MB came, ${text(down)} while ${size - 10} MB went`)
  t.ok(up < allowed, text(up))
  t.ok(down < allowed, text(down))
})
