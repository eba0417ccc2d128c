import { parseArgs } from 'node:util'
import type { BlobStoreName } from '@earshot/core/media/blob-stores'
import { UsageError } from './arguments.ts'

export const mediaUsage = `Usage: npm run media -- COMMAND
  move --from STORE --to STORE   audio and files from one store to the other: gridfs, s3
  move-inline                    audio and files in documents of the existing system, to the blob store
  --concurrency N                so many at once (4)

May be stopped and run again at any time, also several at once. MONGODB_URI, BLOB_STORE and S3_... are those of the
worker.
`

export type MediaCommand = { concurrency: number } & (
  | { name: 'move'; from: BlobStoreName; to: BlobStoreName }
  | { name: 'move-inline' }
)

/** @throws {UsageError} */
export function parseMediaCommand(args: string[]): MediaCommand {
  const { positionals, values } = parsed(args)
  const [name, ...rest] = positionals
  const { from, to } = values
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one argument too many.`)
  const concurrency = Number(values.concurrency ?? '4')
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64) {
    throw new UsageError('--concurrency is a number from 1 to 64.')
  }
  if (name === 'move-inline') {
    if (from !== undefined || to !== undefined) throw new UsageError('--from and --to belong to move.')
    return { name, concurrency }
  }
  if (name !== 'move') {
    throw new UsageError(name === undefined ? 'What is to be done?' : `There is no command "${name}".`)
  }
  if (!isStore(from) || !isStore(to) || from === to) {
    throw new UsageError('move needs --from and --to, one gridfs and the other s3.')
  }
  return { name, from, to, concurrency }
}

function isStore(name: string | undefined): name is BlobStoreName {
  return name === 'gridfs' || name === 's3'
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { from: { type: 'string' }, to: { type: 'string' }, concurrency: { type: 'string' } },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
