import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { Meter, peek } from '../src/media/byte-source.ts'
import { slices } from '../src/media/slices.ts'

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 })

async function* streamOf(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

t.test('a content is cut into pieces of one size, and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 60 }), async (parts, size) => {
      const cut = await collect(slices(streamOf(parts), size))
      const isEven = cut.every(({ length }, i) =>
        i < cut.length - 1 ? length === size : length <= size && length > 0,
      )
      return isEven && Buffer.concat(cut).equals(Buffer.concat(parts))
    }),
  )
})

t.test('looking at the first bytes takes none away', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 100 }), async (parts, bytes) => {
      const whole = Buffer.concat(parts)
      const { head, all } = await peek(streamOf(parts), bytes)
      return head.equals(whole.subarray(0, bytes)) && Buffer.concat(await collect(all)).equals(whole)
    }),
  )
})

t.test('a meter counts, hashes and stops what is too much', async (t) => {
  const meter = new Meter()
  const parts = [Buffer.from('abc'), Buffer.from('def')]
  await collect(meter.through(streamOf(parts), 6))
  t.same([meter.size, meter.sha256()], [6, createHash('sha256').update('abcdef').digest('hex')])
  await t.rejects(collect(new Meter().through(streamOf(parts), 5)), { code: 'TOO_LARGE' })
})
