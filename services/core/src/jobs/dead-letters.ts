import { type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { queuePrefix } from './job-queue.ts'

/** A job that failed for good, and waits for an operator. */
export interface DeadJob {
  /** `<queue>/<job id>` */
  id: string
  queue: string
  /** What it was to do: ids. */
  data: Record<string, unknown>
  reason: string
  stack: string[]
  attempts: number
  queuedAt: Date
  diedAt: Date
}

/** No dead job has this id, or several queues have one. The message is for the operator. */
export class DeadJobError extends Error {
  override readonly name = 'DeadJobError'
}

const pageSize = 500

/** The dead-letter sets of all queues: BullMQ's `failed` sets. */
export class DeadLetters {
  readonly #queues: Map<string, Queue>

  constructor(connection: Redis, options: { prefix: string; queues: readonly string[] }) {
    const prefix = queuePrefix(options.prefix)
    this.#queues = new Map(options.queues.map((name) => [name, new Queue(name, { connection, prefix })]))
    for (const queue of this.#queues.values()) queue.on('error', () => undefined)
  }

  /** How many there are, by queue. */
  async counts(): Promise<Map<string, number>> {
    const counts = await Promise.all(
      [...this.#queues].map(async ([name, queue]) => [name, await queue.getFailedCount()] as const),
    )
    return new Map(counts)
  }

  /** Those who died last, first; of all queues or of one. @throws {DeadJobError} */
  async list({ limit, queue }: { limit: number; queue?: string | undefined }): Promise<DeadJob[]> {
    const found = await Promise.all(
      this.#chosen(queue).map(async (one) => (await one.getFailed(0, limit - 1)).map(toDeadJob)),
    )
    return found
      .flat()
      .sort((a, b) => b.diedAt.getTime() - a.diedAt.getTime())
      .slice(0, limit)
  }

  /** @param id `<queue>/<job id>`, or the job's id alone where only one queue has it. @throws {DeadJobError} */
  async show(id: string): Promise<DeadJob> {
    return toDeadJob(await this.#find(id))
  }

  /** Has it tried again from the start, at once. @throws {DeadJobError} */
  async retry(id: string): Promise<DeadJob> {
    const job = await this.#find(id)
    const dead = toDeadJob(job)
    await revive(job)
    return dead
  }

  /** The same with all that are dead by now; what dies meanwhile is left. Returns how many. @throws {DeadJobError} */
  async retryAll(queue?: string): Promise<number> {
    const until = Date.now()
    let count = 0
    for (const one of this.#chosen(queue)) {
      // Who is revived leaves the set: the oldest of the rest come next.
      for (;;) {
        const jobs = await one.getJobs('failed', 0, pageSize - 1, true)
        const dead = jobs.filter((job) => (job.finishedOn ?? 0) <= until)
        const revived = await Promise.allSettled(dead.map(revive))
        const done = revived.filter(({ status }) => status === 'fulfilled').length
        count += done
        if (done === 0 || jobs.length < pageSize) break
      }
    }
    return count
  }

  /** Forgets the job. @throws {DeadJobError} */
  async drop(id: string): Promise<DeadJob> {
    const job = await this.#find(id)
    await job.remove()
    return toDeadJob(job)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
  }

  #chosen(name: string | undefined): Queue[] {
    if (name === undefined) return [...this.#queues.values()]
    const queue = this.#queues.get(name)
    if (!queue) {
      throw new DeadJobError(
        `There is no queue "${name}". There are: ${[...this.#queues.keys()].join(', ')}.`,
      )
    }
    return [queue]
  }

  async #find(id: string): Promise<Job> {
    const slash = id.indexOf('/')
    const queues = this.#chosen(slash < 0 ? undefined : id.slice(0, slash))
    const jobId = id.slice(slash + 1)
    const found = await Promise.all(
      queues.map(async (queue) => {
        const job: Job | undefined = await queue.getJob(jobId)
        return job && (await job.isFailed()) ? job : undefined
      }),
    )
    const [job, other] = found.filter((one) => one !== undefined)
    if (!job) throw new DeadJobError(`No dead job has the id "${id}".`)
    if (other) {
      const ids = [job, other].map((one) => `${one.queueName}/${jobId}`)
      throw new DeadJobError(`Several queues have a dead job "${id}". Say which: ${ids.join(' or ')}.`)
    }
    return job
  }
}

async function revive(job: Job): Promise<void> {
  await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
}

function toDeadJob(job: Job): DeadJob {
  return {
    id: `${job.queueName}/${job.id}`,
    queue: job.queueName,
    data: job.data,
    reason: job.failedReason ?? '',
    stack: job.stacktrace ?? [],
    attempts: job.attemptsMade,
    queuedAt: new Date(job.timestamp),
    diedAt: new Date(job.finishedOn ?? job.timestamp),
  }
}
