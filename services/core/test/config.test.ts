import t from 'tap'
import { loadConfig } from '../src/config/load.ts'

const secret = { JWT_SECRET: '0123456789abcdef' }

t.test('defaults, and what is given', async (t) => {
  t.match(loadConfig(secret), { PORT: 3000, ACCOUNTS: true, LOG_LEVEL: 'info', NODE_ID: String })
  const given = { ...secret, PORT: '0', ACCOUNTS: 'off', LOG_LEVEL: 'debug', NODE_ID: 'n', REDIS_URL: '' }
  t.match(loadConfig(given), {
    PORT: 0,
    ACCOUNTS: false,
    LOG_LEVEL: 'debug',
    NODE_ID: 'n',
    REDIS_URL: /^redis:/,
  })
})

t.test('a value that cannot be used names its variable, and never itself', async (t) => {
  const wrong = {
    PORT: 'http',
    ACCOUNTS: 'perhaps',
    LOG_LEVEL: 'loud',
    PRESENCE_SHARDS: '0',
    MONGODB_WRITE_CONCERN: 'most',
    JWT_SECRET: 'short-secret',
  }
  for (const [name, value] of Object.entries(wrong)) {
    t.throws(() => loadConfig({ ...secret, [name]: value }), {
      name: 'ConfigError',
      message: new RegExp(`^${name} `),
    })
    t.throws(() => loadConfig({ ...secret, [name]: value }), { message: new RegExp(`^((?!${value}).)*$`) })
  }
  t.throws(() => loadConfig({}), { message: /JWT_SECRET or JWKS_URL/ })
  t.throws(() => loadConfig({ ...secret, PRESENCE_LEASE_MS: '6000' }), { message: /PRESENCE_RENEW_MS/ })
})
