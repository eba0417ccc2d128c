import fc from 'fast-check'
import t from 'tap'
import { truthfulDuration } from '../src/voice/duration.ts'
import { boundedWaveform, maxPeaks, PeakMeter } from '../src/voice/waveform.ts'

t.test('peaks are found however the samples come', async (t) => {
  const samples = [0, 100, -16_384, 32_767, -32_768, 1]
  const pcm = Buffer.alloc(samples.length * 2)
  for (const [i, sample] of samples.entries()) pcm.writeInt16LE(sample, i * 2)
  const cuts = fc.array(fc.nat(pcm.length), { maxLength: 6 })
  fc.assert(
    fc.property(cuts, (places) => {
      const meter = new PeakMeter(4)
      const ends = [...places.sort((a, b) => a - b), pcm.length]
      for (const [i, end] of ends.entries()) meter.add(pcm.subarray(ends[i - 1] ?? 0, end))
      t.same([meter.samples, meter.peaks()], [6, [32_767 / 32_768, 1]])
    }),
    { numRuns: 50 },
  )
})

t.test('a waveform is bounded, and no peak is lost', async (t) => {
  t.same(boundedWaveform([0.123, 1]), [0.12, 1])
  const peaks = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 600 })
  fc.assert(
    fc.property(peaks, (all) => {
      const bounded = boundedWaveform(all)
      const highest = Math.round(Math.max(...all) * 100) / 100
      return bounded.length === Math.min(all.length, maxPeaks) && Math.max(...bounded) === highest
    }),
  )
  t.pass('for any number of them')
})

t.test('the sender is believed within a second, or a fiftieth', async (t) => {
  t.equal(truthfulDuration(5, 5.9), 5)
  t.equal(truthfulDuration(5, 6.126), 6.13)
  t.equal(truthfulDuration(600, 611), 600)
  t.equal(truthfulDuration(600, 620.5), 620.5)
  t.equal(truthfulDuration(7, undefined), 7)
})
