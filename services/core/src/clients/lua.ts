import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

export type ScriptCall = (keys: string[], args: (string | number)[]) => Promise<unknown>

/**
 * Makes a Lua file callable on a client: EVALSHA, loaded again by ioredis when Redis forgot it.
 * @param name unique on this client
 * @param file the script beside its caller: `new URL('./acquire.lua', import.meta.url)`
 */
export function defineScript(client: Redis, name: string, file: URL): ScriptCall {
  client.defineCommand(name, { lua: readFileSync(file, 'utf8') })
  const command = (client as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>)[
    name
  ]
  if (!command) throw new Error(`the client did not take the script ${name}`)
  return (keys, args) => command.call(client, keys.length, ...keys, ...args)
}
