import { parseArgs } from 'node:util'

export const usage = `Usage: npm run jobs -- COMMAND
  list [--queue NAME] [--limit N]   dead jobs, those who died last first
  show ID                           one of them, with its error
  retry ID                          have it tried again, from the start
  retry --all [--queue NAME]        all of them
  drop ID [--lose-audio]            forget it
  --json                            answer in JSON

ID: <queue>/<job id>, or the job's id alone where only one queue has it.
REDIS_URL, QUEUE_REDIS_URL, REDIS_PREFIX and MONGODB_URI are those of the worker.
`

/** The command line makes no sense. The message is for the operator. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export type JobsCommand = { json: boolean } & (
  | { name: 'list'; queue: string | undefined; limit: number }
  | { name: 'show' | 'retry'; id: string }
  | { name: 'retry-all'; queue: string | undefined }
  | { name: 'drop'; id: string; losesAudio: boolean }
)

/** @throws {UsageError} */
export function parseCommand(args: string[]): JobsCommand {
  const { positionals, values } = parsed(args)
  const [name, id, ...rest] = positionals
  const { json = false, queue, all = false, limit = '50', 'lose-audio': losesAudio = false } = values
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one argument too many.`)
  if (losesAudio && name !== 'drop') throw new UsageError('--lose-audio belongs to drop.')
  if (all && name !== 'retry') throw new UsageError('--all belongs to retry.')
  if (name === 'list') {
    if (id !== undefined) throw new UsageError('list takes no id: say show.')
    const count = Number(limit)
    if (!Number.isInteger(count) || count < 1) throw new UsageError('--limit is a number from 1 on.')
    return { name, queue, limit: count, json }
  }
  if (name === 'retry' && all) {
    if (id !== undefined) throw new UsageError('retry takes an id or --all, not both.')
    return { name: 'retry-all', queue, json }
  }
  if (name !== 'show' && name !== 'retry' && name !== 'drop') {
    throw new UsageError(name === undefined ? 'What is to be done?' : `There is no command "${name}".`)
  }
  if (id === undefined) throw new UsageError(`${name} needs an id.`)
  if (queue !== undefined)
    throw new UsageError(`${name} takes the queue as a part of the id: ${queue}/${id}.`)
  return name === 'drop' ? { name, id, losesAudio, json } : { name, id, json }
}

/** A message's id may begin with a dash. No option is as long. */
const dashedId = /^-[\w-]{15,}$/

function parsed(given: string[]) {
  const args = [
    ...given.filter((arg) => !dashedId.test(arg)),
    '--',
    ...given.filter((arg) => dashedId.test(arg)),
  ]
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        queue: { type: 'string' },
        limit: { type: 'string' },
        all: { type: 'boolean' },
        'lose-audio': { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
