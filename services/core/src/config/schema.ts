/**
 * Every setting of gateway and worker: one schema, from which the type, the check at start and the page
 * docs/configuration.md are made. Units are in the names.
 */
import Type, { type Static, type TSchema } from 'typebox'

const text = (description: string, value?: string) =>
  Type.String({ description, ...(value === undefined ? {} : { default: value }) })
const integer = (description: string, value: number, minimum = 0) =>
  Type.Integer({ description, default: value, minimum })
const flag = (description: string, value: boolean) => Type.Boolean({ description, default: value })
const choice = <const T extends string[]>(description: string, values: T, value: T[number]) =>
  Type.Enum(values, { description, default: value })
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)

export const groups = {
  process: {
    PORT: integer(
      'Port that this process listens on (gateway: clients; worker: health and metrics). 0: any free one.',
      3000,
    ),
    HOST: text('Address that this process listens on.', '0.0.0.0'),
    NODE_ID: optional(text('Name of this process in logs and metrics. Unset: made from host and pid.')),
    LOG_LEVEL: choice(
      'Least level that is logged.',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
    ),
    WEB_ROOT: optional(text('Folder with the built web page, served at `/` by the gateway. Unset: none.')),
    CORS_ORIGINS: text(
      'Comma-separated origins whose pages may connect. `*`: any. Empty: the same origin only.',
      '',
    ),
    SLOW_READER_MAX_BYTES: integer(
      'What may wait for one socket that reads slowly; beyond it the socket is closed, to sync later.',
      16_000_000,
      1,
    ),
    SLOW_READER_MAX_PACKETS: integer('The same in packets.', 10_000, 1),
    DRAIN_MS: integer('After SIGTERM, milliseconds over which the gateway tells its clients to move.', 5000),
  },
  stores: {
    REDIS_URL: text(
      'Redis ≥ 7 for rooms, presence and staged audio. `redis://[user:password@]host:port[/db]`.',
      'redis://127.0.0.1:6379',
    ),
    QUEUE_REDIS_URL: optional(text('Redis for the job queues (noeviction, AOF). Unset: `REDIS_URL`.')),
    REDIS_PREFIX: text(
      'First part of every Redis key and channel, so that clusters can share a Redis.',
      'earshot',
    ),
    MONGODB_URI: text('MongoDB ≥ 6, with the database in its path.', 'mongodb://127.0.0.1:27017/earshot'),
    MONGODB_WRITE_CONCERN: Type.String({
      description:
        'Write concern that a message needs before it is acknowledged: `majority` or a number of members.',
      default: 'majority',
      pattern: '^(majority|[1-9][0-9]*)$',
    }),
  },
  identity: {
    JWT_SECRET: optional(
      text(
        'Shared secret (≥ 16 characters) that verifies HS256 tokens and signs those of built-in accounts.',
      ),
    ),
    JWKS_URL: optional(text('Keys of an issuer, for RS256, ES256 and EdDSA tokens.')),
    JWT_ALGORITHMS: text('Comma-separated algorithms accepted with `JWKS_URL`.', 'RS256,ES256,EdDSA'),
    JWT_ISSUER: optional(text('`iss` that a token must have. Unset: not checked.')),
    JWT_AUDIENCE: optional(text('`aud` that a token must have. Unset: not checked.')),
    JWT_USER_CLAIM: text('Claim that names the user.', 'sub'),
    JWT_NAME_CLAIM: text("Claim with the user's name.", 'name'),
    TOKEN_TTL_S: integer('Lifetime in seconds of tokens issued to built-in accounts.', 86_400, 60),
    SESSION_MAX_S: integer(
      'How many seconds after the login such tokens are renewed (`POST /user/renew`); then one logs in again.',
      2_592_000,
      60,
    ),
    TOKEN_GRACE_MS: integer('How long a socket may live on after its token expired, to renew it.', 30_000),
    ACCOUNTS: flag('Built-in accounts (`POST /user/register`, `POST /user/login`).', true),
    DEMO_PEOPLE: flag(
      'Two people whom everybody may be without a password: for trying it out on one machine, as `make run` does.',
      false,
    ),
  },
  presence: {
    PING_INTERVAL_MS: integer('How often a socket is asked for a sign of life.', 15_000, 100),
    PING_TIMEOUT_MS: integer(
      'How long its answer may take before the connection counts as lost.',
      10_000,
      100,
    ),
    PRESENCE_LEASE_MS: integer(
      'How long a connection counts as alive after its node last renewed it.',
      15_000,
      200,
    ),
    PRESENCE_RENEW_MS: integer('How often a node renews each connection it holds.', 5_000, 50),
    PRESENCE_GRACE_MS: integer(
      'How long a lost connection may come back before its user is shown offline.',
      5_000,
    ),
    PRESENCE_SWEEP_MS: integer('How often the worker looks for leases past their deadline.', 500, 10),
    PRESENCE_FLUSH_MS: integer('How often the worker writes `lastSeen` to MongoDB.', 2_000, 10),
    PRESENCE_COALESCE_MS: integer(
      'How long it waits to be told that a user left: who is back by then caused nothing.',
      250,
    ),
    PRESENCE_LAST_SEEN_CACHE_MS: integer('How old an answer of `/user/lastSeen` may be.', 1_000),
    PRESENCE_GROUP_COUNT_MS: integer('How often the members online of large groups are counted.', 5_000, 100),
    PRESENCE_VISIBILITY_POLL_MS: integer(
      'How often a process looks for changed visibility that no announcement told it of.',
      10_000,
      100,
    ),
    PRESENCE_CHECKPOINT_MS: integer(
      'Within which the worker writes `lastSeen` of every user who stays online to MongoDB once. 0: never.',
      60_000,
    ),
    PRESENCE_SHARDS: integer(
      'Shards that users are spread over. The same on every process, for ever.',
      64,
      1,
    ),
    PRESENCE_BROADCAST: flag(
      'Tell every client that has not subscribed of every change, as existing clients expect.',
      true,
    ),
  },
  messages: {
    COMMIT_BATCH_MAX: integer('Most messages in one write to MongoDB.', 500, 1),
    COMMIT_QUEUE_MAX: integer(
      'Messages that may be on their way to MongoDB on one node; beyond it `RETRY_LATER`.',
      20_000,
      1,
    ),
    COMMIT_WINDOW_MS: integer(
      'How long a busy node gathers messages before it writes again: fewer writes, each message a little later. An idle one ' +
        'writes at once.',
      8,
    ),
    SENDS_MAX_BYTES: integer(
      'Memory that messages on their way to MongoDB may hold on one node; beyond it `RETRY_LATER`.',
      256_000_000,
      1,
    ),
    SYNC_MAX_BYTES: integer(
      'What one `sync` answers, about; what is left is asked for again. Well below `SLOW_READER_MAX_BYTES`.',
      4_000_000,
      1,
    ),
    SYNC_AT_ONCE: integer('Of these, how many a node answers at once.', 32, 1),
    SYNC_WAITING_MAX: integer('How many more may wait for that; beyond it `RETRY_LATER`.', 10_000),
    LEGACY_ADOPTION: flag(
      'Serve messages and groups that the existing system wrote, and goes on writing. The worker finds them.',
      true,
    ),
    WRITE_BEHIND_FLUSH_MS: integer(
      'How often the worker writes heads of conversations and receipts to MongoDB; every other time those of ' +
        'conversations in which something was said just now.',
      3_000,
      10,
    ),
    WRITE_BEHIND_SHARDS: integer(
      'Shards in Redis of what waits for that. The same on every process; changed only when nothing waits.',
      16,
      1,
    ),
    WRITE_BEHIND_MAX: integer(
      'Heads, and receipts, that may wait in Redis; beyond it they are written to MongoDB at once.',
      200_000,
    ),
    COMMIT_TIMEOUT_MS: integer('Longest wait for one write to MongoDB.', 10_000, 100),
  },
  voice: {
    VOICE_STAGE_TTL_S: integer('How long audio stays in Redis when no worker takes it.', 7 * 86_400, 60),
    VOICE_STAGE_MAX_BYTES: integer(
      'Audio that may be staged in Redis in all; over it, straight to the blob store.',
      512_000_000,
    ),
    VOICE_JOB_ATTEMPTS: integer('Tries of a voice job before it goes to the dead-letter set.', 10, 1),
    VOICE_JOB_BACKOFF_MS: integer('Wait before the second try; doubles with each.', 500, 1),
    VOICE_LOCK_MS: integer(
      'How long a job stays with a worker that has gone silent, before another takes it.',
      15_000,
      100,
    ),
    VOICE_CONCURRENCY: integer('Voice messages that one worker stores at once, of 16 MB together.', 64, 1),
    VOICE_FFMPEG: text(
      'ffmpeg of the worker, which measures voice messages, draws their waveforms and makes them playable in ' +
        'every browser: a path, or a name on the PATH. `off`: none, and they stay as they are sent.',
      'ffmpeg',
    ),
    VOICE_FFMPEG_TIMEOUT_MS: integer('Longest run of it.', 300_000, 100),
    VOICE_FFMPEG_CPU_S: integer('CPU time of one run, seconds.', 120, 1),
    VOICE_FFMPEG_MEMORY_BYTES: integer('Address space of one run.', 1_000_000_000, 100_000_000),
    VOICE_PLAYBACK: flag('Make MP4 with AAC of what not every browser plays, beside what was sent.', true),
    VOICE_PREPARE_CONCURRENCY: integer('Runs of ffmpeg that one worker has at once.', 2, 1),
    TRANSCRIBE_URL: optional(
      text(
        'Recogniser that voice messages are sent to, what stands before `/v1/audio/transcriptions` ' +
          '(the API of OpenAI and others). Unset: nothing is transcribed.',
      ),
    ),
    TRANSCRIBE_KEY: optional(text('Its API key.')),
    TRANSCRIBE_MODEL: text('Its model.', 'whisper-1'),
    TRANSCRIBE_LANGUAGE: optional(text('Language spoken (ISO 639-1). Unset: the recogniser finds out.')),
    TRANSCRIBE_TIMEOUT_MS: integer('Longest wait for its answer.', 120_000, 100),
    TRANSCRIBE_MAX_BYTES: integer('Size of a voice message that is still sent to it.', 25_000_000, 1),
    TRANSCRIBE_MAX_SECONDS: integer('Length of a voice message that is still sent to it.', 900, 1),
    TRANSCRIBE_CONCURRENCY: integer('Voice messages that one worker has transcribed at once.', 2, 1),
  },
  jobs: {
    BOARD_PASSWORD: optional(
      Type.String({
        description:
          'Password (≥ 16 characters, any user name) of the board that the worker then serves at `/board`: its queues, and ' +
          'what is dead in them. Unset: none is served.',
        minLength: 16,
      }),
    ),
  },
  notifications: {
    VAPID_PUBLIC_KEY: optional(
      Type.String({
        description: 'Key that browsers subscribe with, from `npm run vapid`. Unset: no push notifications.',
        pattern: '^[A-Za-z0-9_-]{87}$',
      }),
    ),
    VAPID_PRIVATE_KEY: optional(
      Type.String({
        description: 'Its private half; the worker sends with it, gateways need not have it.',
        pattern: '^[A-Za-z0-9_-]{43}$',
      }),
    ),
    VAPID_SUBJECT: Type.String({
      description: 'Whom push services can turn to: an address (`mailto:`) or a page (`https:`) of yours.',
      default: 'mailto:postmaster@example.org',
      pattern: '^(mailto:|https://).+',
    }),
    PUSH_HOSTS: text(
      'Comma-separated push services that are sent to: `host`, `*.domain`, or an origin. No other endpoint is accepted.',
      'fcm.googleapis.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com',
    ),
    PUSH_MAX_PER_USER: integer('Devices of one user that are subscribed; the oldest goes.', 20, 1),
    NOTIFY_WEBHOOK_URL: optional(
      Type.String({
        description: 'Where your own system hears of users with unread messages. Unset: nowhere.',
        pattern: '^https?://.+',
      }),
    ),
    NOTIFY_WEBHOOK_SECRET: optional(
      text('Signs what is sent there: `whsec_` and 24 to 64 bytes in Base64, from `npm run vapid`.'),
    ),
    NOTIFY_CONTENT: choice(
      'What a notification says: that there is a message, who sent it, or its beginning too.',
      ['none', 'sender', 'full'],
      'none',
    ),
    NOTIFY_TTL_S: integer('Age of a message, seconds, at which it is no news any more.', 86_400, 1),
    NOTIFY_ATTEMPTS: integer('Tries of a notification before it goes to the dead-letter set.', 8, 1),
    NOTIFY_BACKOFF_MS: integer('Wait before the second try; doubles with each.', 1_000, 1),
    NOTIFY_TIMEOUT_MS: integer('Longest wait for an answer of a push service or the webhook.', 8_000, 1),
    NOTIFY_CONCURRENCY: integer('Notifications of each kind that one worker has under way.', 10, 1),
    NOTIFY_GROUP_INTERVAL_MS: integer(
      'How often it is looked who of a group of more than 100 members is to be notified.',
      10_000,
      1,
    ),
  },
  blobs: {
    BLOB_STORE: choice(
      'Where recorded audio and files are stored: in MongoDB (`gridfs`) or in `S3_BUCKET` (`s3`). ' +
        'The same on every process. What the other one has is read from there, so that it can be moved.',
      ['gridfs', 's3'],
      'gridfs',
    ),
    S3_BUCKET: optional(
      text('Bucket for them. With `BLOB_STORE=gridfs`, one that they are still read from.'),
    ),
    S3_PREFIX: text('First part of every key in the bucket, so that clusters can share one.', 'media/'),
    S3_ENDPOINT: optional(text('URL of the S3 server. Unset: that of AWS in `S3_REGION`.')),
    S3_REGION: text('Its region.', 'us-east-1'),
    S3_ACCESS_KEY_ID: optional(text("Its credentials. Unset: found the AWS SDK's way (role, `AWS_…`).")),
    S3_SECRET_ACCESS_KEY: optional(text('The secret of them.')),
    S3_PATH_STYLE: flag(
      'The bucket in the path, not in the host name, as most servers but AWS want it.',
      false,
    ),
    S3_TIMEOUT_MS: integer('Longest wait for an answer of it, or for the next byte of one.', 10_000, 100),
    S3_READS: choice(
      'How clients get media from it: through the gateway (`proxied`), or sent on to a URL that is signed for ' +
        'them (`presigned`).',
      ['proxied', 'presigned'],
      'proxied',
    ),
    S3_PRESIGNED_TTL_S: integer('Lifetime in seconds of such a URL.', 300, 1),
    S3_PUBLIC_ENDPOINT: optional(text('The server as clients reach it, in such URLs. Unset: `S3_ENDPOINT`.')),
  },
  media: {
    MEDIA_SECRET: optional(
      Type.String({
        description:
          'Secret (≥ 16 characters) that signs media URLs; the same on every node. Unset: `JWT_SECRET`.',
        minLength: 16,
      }),
    ),
    MEDIA_URL_TTL_S: integer('Lifetime in seconds of a signed media URL.', 3_600, 1),
    MEDIA_ORPHAN_TTL_S: integer(
      'Seconds after which an upload that no message carries, or that was never completed, is removed.',
      86_400,
    ),
    MEDIA_SWEEP_MS: integer('How often the worker looks for media that nothing carries.', 60_000, 10),
    MEDIA_ALLOW_TYPES: text(
      'Comma-separated types that uploads may have, by content: `image/png`, `image/*`, `*`.',
      '*',
    ),
    MEDIA_DENY_TYPES: text('Comma-separated types that uploads may not have, e.g. `application/x-elf`.', ''),
    MEDIA_UPLOADS_MAX: integer('Uploads that one node takes at once; beyond it `RETRY_LATER`.', 64, 1),
    MEDIA_UPLOADS_PER_USER: integer('Uploads that one user may have under way on one node.', 8, 1),
    MEDIA_IDLE_MS: integer('How long an upload may bring no byte before it is broken off.', 60_000, 100),
  },
  limits: {
    LIMIT_TEXT_MAX_CHARS: integer('Characters in a text message.', 10_000, 1),
    LIMIT_VOICE_MAX_SECONDS: integer('Length of a voice message.', 900, 1),
    LIMIT_VOICE_MAX_BYTES: integer('Size of a voice message.', 10_000_000, 1),
    LIMIT_VOICE_MAX_SOCKET_BYTES: integer('Size of a voice message sent by socket.', 4_000_000, 1),
    LIMIT_FILE_MAX_BYTES: integer('Size of an uploaded file.', 100_000_000, 1),
    LIMIT_GROUP_MAX_MEMBERS: integer('Members of one group.', 5_000, 1),
    LIMIT_SUBSCRIBE_MAX_USERS: integer(
      'Users in one `presence_subscribe`; and as many a second that one user may go on naming.',
      500,
      1,
    ),
    LIMIT_SUBSCRIBE_MAX_USERS_PER_SOCKET: integer('Users that one socket may watch.', 5_000, 1),
    LIMIT_PRESENCE_NAMES_MAX_MEMBERS: integer(
      'Members of a group up to which its presence is told by name; beyond it, as a count.',
      100,
      1,
    ),
    LIMIT_VISIBILITY_MAX_EXCEPTIONS: integer('Users in the `except` of `presence_visibility`.', 1_000, 1),
    LIMIT_SYNC_MAX_CONVERSATIONS: integer('Conversations in one `sync`.', 200, 1),
    LIMIT_PAGE_MAX_ITEMS: integer('Items in one page.', 200, 1),
    LIMIT_SENDS_PER_SECOND: integer(
      'Sends a second that one user may keep up; and as much typing, `sync` and search together.',
      20,
      1,
    ),
    LIMIT_SENDS_BURST: integer('Sends that one user may make at once.', 200, 1),
    LIMIT_REACTION_KINDS_PER_USER: integer(
      'Different emoji with which one user may react to one message.',
      20,
      1,
    ),
    LIMIT_REACTION_KINDS_PER_MESSAGE: integer('Different emoji on one message, of all users.', 50, 1),
    LIMIT_CLIENT_MESSAGE_ID_MAX_CHARS: integer('Characters in a `clientMessageId`; at most 1,000.', 128, 1),
    LIMIT_SOCKETS_PER_USER: integer('Sockets that one user may hold open.', 10, 1),
  },
} as const

export const ConfigSchema = Type.Object({
  ...groups.process,
  ...groups.stores,
  ...groups.identity,
  ...groups.presence,
  ...groups.messages,
  ...groups.voice,
  ...groups.jobs,
  ...groups.notifications,
  ...groups.blobs,
  ...groups.media,
  ...groups.limits,
})
export type Config = Static<typeof ConfigSchema>
