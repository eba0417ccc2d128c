import { writeFileSync } from 'node:fs'

/**
 * For `node --expose-gc --import <this>`: at SIGUSR2 collects garbage and notes what is still in use, in the file
 * `$BENCH_MEMORY-<pid>`, so that it can be told from what was not given back.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  writeFileSync(`${process.env.BENCH_MEMORY}-${process.pid}`, String(heapUsed + external))
})
