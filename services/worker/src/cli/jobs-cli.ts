import { producerClient } from '@earshot/core/clients/redis'
import type { LoadedConfig } from '@earshot/core/config/load'
import { DeadJobError, DeadLetters } from '@earshot/core/jobs/dead-letters'
import { allQueueNames } from '@earshot/core/jobs/queue-names'
import { type JobsCommand, parseCommand, UsageError, usage } from './arguments.ts'
import { asText, type Outcome, toJson } from './presentation.ts'
import { releaseAudio } from './voice-audio.ts'

export interface Terminal {
  out(text: string): void
  err(text: string): void
}

/** What an operator does with dead jobs. Returns the exit code: 0 done, 1 not done, 2 not understood. */
export async function runJobsCli(args: string[], config: LoadedConfig, terminal: Terminal): Promise<number> {
  let command: JobsCommand
  try {
    command = parseCommand(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.err(`${error.message}\n\n${usage}`)
    return 2
  }
  const redis = producerClient(config.QUEUE_REDIS_URL ?? config.REDIS_URL, 'jobs')
  redis.on('error', () => undefined)
  try {
    await redis.connect()
  } catch {
    terminal.err('Redis does not answer. QUEUE_REDIS_URL or REDIS_URL says where the queues are.\n')
    return 1
  }
  const letters = new DeadLetters(redis, { prefix: config.REDIS_PREFIX, queues: allQueueNames })
  try {
    const outcome = await run(command, letters, config)
    terminal.out(command.json ? `${JSON.stringify(toJson(outcome), null, 2)}\n` : asText(outcome))
    return 0
  } catch (error) {
    if (!(error instanceof DeadJobError)) throw error
    terminal.err(`${error.message}\n`)
    return 1
  } finally {
    await letters.close()
    redis.disconnect()
  }
}

async function run(command: JobsCommand, letters: DeadLetters, config: LoadedConfig): Promise<Outcome> {
  switch (command.name) {
    case 'list':
      return { kind: 'list', counts: await letters.counts(), jobs: await letters.list(command) }
    case 'show':
      return { kind: 'show', job: await letters.show(command.id) }
    case 'retry':
      return { kind: 'retried', ids: [(await letters.retry(command.id)).id] }
    case 'retry-all':
      return { kind: 'retried-all', count: await letters.retryAll(command.queue) }
    case 'drop': {
      await releaseAudio(await letters.show(command.id), command.losesAudio, config)
      return { kind: 'dropped', ids: [(await letters.drop(command.id)).id] }
    }
  }
}
