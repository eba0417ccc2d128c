/** What was started, or, where something could not be, nothing: the rest is stopped. @throws what the first failure said */
export async function allOrNone<T>(
  starting: Promise<T>[],
  stop: (started: T[]) => Promise<unknown>,
): Promise<T[]> {
  const outcomes = await Promise.allSettled(starting)
  const started = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (!failed) return started
  await stop(started)
  throw failed.reason
}
