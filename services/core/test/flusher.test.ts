import t from 'tap'
import { Flusher } from '../src/write-behind/flusher.ts'

/** Each shard has one thing to write; hears which were. */
function flusherOf(onWritten: (shard: number) => void) {
  return new Flusher<number>({
    source: {
      dirty: async (shard) => ({ cursor: '0', states: [shard] }),
      flushed: () => Promise.resolve(),
    },
    write: async ([shard]) => onWritten(shard ?? Number.NaN),
    onFlushed: () => undefined,
  })
}

const shards = [0, 1, 2, 3]
const hour = 3_600_000

t.test('a run that is not spread writes all shards', async (t) => {
  const written: number[] = []
  await flusherOf((shard) => written.push(shard)).run(shards)
  t.same(written.sort(), shards)
})

t.test('a run that is spread begins at once, and ends when it is told to', async (t) => {
  const written: number[] = []
  const stopping = new AbortController()
  const begun = Promise.withResolvers<void>()
  const flusher = flusherOf((shard) => {
    written.push(shard)
    begun.resolve()
  })
  const running = flusher.run(shards, { spreadMs: hour, signal: stopping.signal })
  await begun.promise
  stopping.abort()
  await running
  t.equal(written.length, 1, 'the rest waits for another run')
})

t.test('one shard alone is written without waiting', async (t) => {
  const written: number[] = []
  await flusherOf((shard) => written.push(shard)).run([2], { spreadMs: hour })
  t.same(written, [2])
})

t.test('a run that is told to end before it began writes nothing', async (t) => {
  const written: number[] = []
  const signal = AbortSignal.abort()
  await flusherOf((shard) => written.push(shard)).run(shards, { spreadMs: hour, signal })
  t.same(written, [])
})
