import { writeFileSync } from 'node:fs'

/**
 * For `node --expose-gc --import <this>`: at SIGUSR2 collects garbage and notes what is still in use, in the file
 * `$BENCH_MEMORY-<pid>`, so that it can be told from what was not given back. Twice, as V8 does before it gives up for want of memory: a
 * plain collection leaves compiled code and what hangs on it, megabytes that depend on when there was one last.
 */
process.on('SIGUSR2', () => {
  for (let i = 0; i < 2; i++) globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { heapUsed, external } = process.memoryUsage()
  writeFileSync(`${process.env.BENCH_MEMORY}-${process.pid}`, String(heapUsed + external))
})
