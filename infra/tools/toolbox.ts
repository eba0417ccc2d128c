import type { Reporter } from '../report/reporter.ts'

/** What getting a tool needs: somewhere to say so, a folder for the logs of builds, and a way to be called off. */
export interface Toolbox {
  reporter: Reporter
  logDir: string
  signal?: AbortSignal | undefined
}
