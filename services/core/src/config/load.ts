import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { defaultLimits, type Limits } from '@earshot/protocol'
import { Compile } from 'typebox/compile'
import { isWebhookSecret } from '../notifications/webhook-signature.ts'
import { type Config, ConfigSchema } from './schema.ts'

/** A setting has a value that cannot be used. The message names the variable and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Settings as the processes use them: every one has a value or is absent on purpose. */
export type LoadedConfig = Config & { NODE_ID: string }

const validator = Compile(ConfigSchema)

/**
 * Reads the settings from an environment. An unset or empty variable takes its default.
 * @throws {ConfigError} naming the first variable that is wrong
 */
export function loadConfig(env: Record<string, string | undefined>): LoadedConfig {
  const config = loadStoresConfig(env)
  if (!config.JWT_SECRET && !config.JWKS_URL) throw new ConfigError('JWT_SECRET or JWKS_URL must be set')
  if (config.JWT_SECRET !== undefined && config.JWT_SECRET.length < 16) {
    throw new ConfigError('JWT_SECRET must have 16 characters or more')
  }
  if (config.PRESENCE_RENEW_MS * 2 > config.PRESENCE_LEASE_MS) {
    throw new ConfigError('PRESENCE_RENEW_MS must be at most half of PRESENCE_LEASE_MS')
  }
  checkNotifications(config)
  return config
}

function checkNotifications(config: Config): void {
  if (config.VAPID_PRIVATE_KEY !== undefined && config.VAPID_PUBLIC_KEY === undefined) {
    throw new ConfigError('VAPID_PUBLIC_KEY must be set beside VAPID_PRIVATE_KEY')
  }
  if (config.NOTIFY_WEBHOOK_URL === undefined) return
  if (!isWebhookSecret(config.NOTIFY_WEBHOOK_SECRET ?? '')) {
    throw new ConfigError('NOTIFY_WEBHOOK_SECRET must be whsec_ and 24 to 64 bytes in Base64')
  }
}

/**
 * The same for a tool that only works on the stores, and needs no keys.
 * @throws {ConfigError} naming the first variable that is wrong
 */
export function loadStoresConfig(env: Record<string, string | undefined>): LoadedConfig {
  const raw: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) {
    const { type, default: fallback } = schema as { type?: string; default?: unknown }
    const given = env[name]?.trim()
    if (given === undefined || given === '') {
      if (fallback !== undefined) raw[name] = fallback
      continue
    }
    raw[name] = parse(given, type)
  }
  if (!validator.Check(raw)) {
    const [error] = validator.Errors(raw)
    const name = error?.instancePath.split('/')[1] ?? 'a setting'
    throw new ConfigError(`${name} ${error?.message ?? 'is not valid'}`)
  }
  checkBlobStore(raw)
  return { ...raw, NODE_ID: raw.NODE_ID ?? `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}` }
}

function checkBlobStore(config: Omit<Config, 'NODE_ID'>): void {
  if (config.BLOB_STORE === 's3' && !config.S3_BUCKET) throw new ConfigError('S3_BUCKET must be set')
  if ((config.S3_ACCESS_KEY_ID === undefined) !== (config.S3_SECRET_ACCESS_KEY === undefined)) {
    throw new ConfigError('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together')
  }
  for (const name of ['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT'] as const) {
    const url = config[name]
    if (url !== undefined && !/^https?:\/\/./.test(url)) {
      throw new ConfigError(`${name} must be an http(s) URL`)
    }
  }
}

function parse(given: string, type: string | undefined): unknown {
  if (type === 'integer') return /^-?\d+$/.test(given) ? Number(given) : given
  if (type === 'boolean') {
    if (/^(true|1|on|yes)$/i.test(given)) return true
    if (/^(false|0|off|no)$/i.test(given)) return false
  }
  return given
}

/** The limits that `GET /limits` publishes and the services enforce. */
export function limitsOf(config: Config): Limits {
  return {
    ...defaultLimits,
    textMaxChars: config.LIMIT_TEXT_MAX_CHARS,
    voiceMaxSeconds: config.LIMIT_VOICE_MAX_SECONDS,
    voiceMaxBytes: config.LIMIT_VOICE_MAX_BYTES,
    voiceMaxSocketBytes: config.LIMIT_VOICE_MAX_SOCKET_BYTES,
    // Base64 of the largest voice message, and its envelope.
    socketMaxBytes: Math.ceil(config.LIMIT_VOICE_MAX_SOCKET_BYTES * 1.4) + 100_000,
    fileMaxBytes: config.LIMIT_FILE_MAX_BYTES,
    groupMaxMembers: config.LIMIT_GROUP_MAX_MEMBERS,
    subscribeMaxUsers: config.LIMIT_SUBSCRIBE_MAX_USERS,
    subscribeMaxUsersPerSocket: config.LIMIT_SUBSCRIBE_MAX_USERS_PER_SOCKET,
    presenceNamesMaxMembers: config.LIMIT_PRESENCE_NAMES_MAX_MEMBERS,
    visibilityMaxExceptions: config.LIMIT_VISIBILITY_MAX_EXCEPTIONS,
    syncMaxConversations: config.LIMIT_SYNC_MAX_CONVERSATIONS,
    pageMaxItems: config.LIMIT_PAGE_MAX_ITEMS,
    sendsPerSecond: config.LIMIT_SENDS_PER_SECOND,
    sendsBurst: config.LIMIT_SENDS_BURST,
    clientMessageIdMaxChars: Math.min(config.LIMIT_CLIENT_MESSAGE_ID_MAX_CHARS, 1_000),
    socketsPerUser: config.LIMIT_SOCKETS_PER_USER,
    reactionKindsPerUser: config.LIMIT_REACTION_KINDS_PER_USER,
    reactionKindsPerMessage: config.LIMIT_REACTION_KINDS_PER_MESSAGE,
  }
}
