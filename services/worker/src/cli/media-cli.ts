import { type BatchItem, type BatchProgress, runBatch } from '@earshot/core/batch-run'
import { mongoClient } from '@earshot/core/clients/mongo'
import type { LoadedConfig } from '@earshot/core/config/load'
import { InlineMover } from '@earshot/core/legacy/inline-mover'
import { BlobClaims } from '@earshot/core/media/blob-claims'
import { BlobMover } from '@earshot/core/media/blob-mover'
import type { BlobStore } from '@earshot/core/media/blob-store'
import { type BlobStoreName, type BlobStores, openBlobStores } from '@earshot/core/media/blob-stores'
import { createLogger } from '@earshot/core/observability/logger'
import type { Db } from 'mongodb'
import { UsageError } from './arguments.ts'
import type { Terminal } from './jobs-cli.ts'
import { type MediaCommand, mediaUsage, parseMediaCommand } from './media-arguments.ts'
import { MoveReport } from './move-report.ts'

/**
 * What an operator does with stored media. Returns the exit code: 0 done, 1 not all done, 2 not understood, 130 stopped.
 * @param signal ends it after the blobs that are under way
 */
export async function runMediaCli(
  args: string[],
  config: LoadedConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let command: MediaCommand
  try {
    command = parseMediaCommand(args)
    checkDirection(command, config)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.err(`${error.message}\n\n${mediaUsage}`)
    return 2
  }
  const { MONGODB_URI: uri, MONGODB_WRITE_CONCERN: writeConcern } = config
  const mongo = mongoClient({ uri, writeConcern, appName: 'media' })
  try {
    await mongo.connect()
  } catch {
    terminal.err('MongoDB does not answer. MONGODB_URI says where it is.\n')
    return 1
  }
  const log = createLogger({ level: 'silent', role: 'media', nodeId: config.NODE_ID })
  let stores: BlobStores | undefined
  try {
    stores = await openBlobStores(config, mongo.db(), log)
    const report = new MoveReport(terminal)
    const progress = await run(command, mongo.db(), stores, signal, report)
    return report.end(progress, signal.aborted)
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  } finally {
    stores?.close()
    await mongo.close()
  }
}

/** Nodes that still wrote to the source would never let it end, and could delete what is being copied unseen. */
function checkDirection(command: MediaCommand, config: LoadedConfig): void {
  if (command.name !== 'move') return
  if (config.S3_BUCKET === undefined) throw new UsageError('S3_BUCKET is not set: there is one store only.')
  if (config.BLOB_STORE === command.to) return
  throw new UsageError(
    `BLOB_STORE is ${config.BLOB_STORE}: have every gateway and worker write to ${command.to} first, then move.`,
  )
}

async function run(
  command: MediaCommand,
  db: Db,
  { blobs, byName }: BlobStores,
  signal: AbortSignal,
  report: MoveReport,
): Promise<BatchProgress> {
  const { concurrency } = command
  const onProgress = (progress: BatchProgress) => report.show(progress)
  if (command.name === 'move-inline') {
    const mover = new InlineMover(db, blobs)
    const work = { list: () => mover.list(), run: ({ id }: { id: string }) => mover.move(id) }
    return runBatch({ ...work, concurrency, signal, onProgress })
  }
  const stores: Partial<Record<BlobStoreName, BlobStore>> = byName
  const [from, to] = [stores[command.from], stores[command.to]]
  if (!from || !to) throw new UsageError('S3_BUCKET is not set: there is one store only.')
  const mover = new BlobMover({ from, to, claims: new BlobClaims(db) })
  const list = () => itemsOf(mover)
  const move = async ({ id }: { id: string }) => (await mover.move(id)) === 'moved'
  return runBatch({ list, run: move, concurrency, signal, onProgress })
}

async function* itemsOf(mover: BlobMover): AsyncGenerator<BatchItem> {
  for await (const { key, size } of mover.list()) yield { id: key, size }
}
