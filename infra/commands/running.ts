import { runningState } from '../stack/state-file.ts'
import { Failure } from '../system/failure.ts'

export function refuseIfRunning(statePath: string): void {
  const state = runningState(statePath)
  if (state === undefined) return
  const { url, phase, owner } = state
  throw new Failure(`This clone runs already: ${url} (${phase}, pid ${owner.pid}); "make down" stops it.`)
}
