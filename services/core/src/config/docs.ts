import { groups } from './schema.ts'

const titles: Record<keyof typeof groups, string> = {
  process: 'Process',
  stores: 'Stores',
  identity: 'Identity',
  presence: 'Presence',
  messages: 'Messages',
  voice: 'Voice',
  jobs: 'Jobs',
  notifications: 'Notifications',
  media: 'Media',
  limits: 'Limits (published by `GET /limits`)',
}

/** The page docs/configuration.md, made from the schema. */
export function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'Gateway and worker read these from their environment; a value that cannot be used stops the start with a sentence',
    'that names the variable. `JWT_SECRET` or `JWKS_URL` must be set; `make run` makes a secret of its own when neither',
    'is. Made by `make docs` from `services/core/src/config/schema.ts`; do not edit.',
    '',
  ]
  for (const [name, settings] of Object.entries(groups)) {
    lines.push(
      `## ${titles[name as keyof typeof groups]}`,
      '',
      '| variable | default | what it does |',
      '|---|---|---|',
    )
    for (const [variable, schema] of Object.entries(settings)) {
      const { description, default: fallback, enum: values } = schema as Described
      const choices = values ? ` One of ${values.map((value) => `\`${value}\``).join(', ')}.` : ''
      const shown = fallback === undefined || fallback === '' ? '(none)' : `\`${fallback}\``
      lines.push(`| \`${variable}\` | ${shown} | ${description}${choices} |`)
    }
    lines.push('')
  }
  return `${lines.join('\n')}${stackSection}`
}

interface Described {
  description?: string
  default?: unknown
  enum?: string[]
}

/** Read by `make`, not by the services. */
const stackSection = `## The cluster of \`make run\`, \`make up\`, \`make test\`

| variable | default | what it does |
|---|---|---|
| \`PORT\` | \`3000\` | Port of the balancer, where clients connect. The processes behind it get free ones. |
| \`NODES\` | \`2\` | Gateways. |
| \`REDIS_URL\`, \`QUEUE_REDIS_URL\`, \`MONGODB_URI\` | (none) | Used as given instead of servers of its own. |
| \`JWT_SECRET\` | made once, kept in \`.earshot/jwt-secret\` | As above. |
`
