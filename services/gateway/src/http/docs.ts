import { clientEvents, serverEvents } from '@earshot/protocol'
import type { TSchema } from 'typebox'

export const title = 'Earshot'
export const version = '0.1.0'

/** The socket events as AsyncAPI 3.0, made from the schemas that check them at run time. */
export function asyncApi(): object {
  const channels: Record<string, object> = {}
  const operations: Record<string, object> = {}
  const add = (name: string, action: 'send' | 'receive', payload: TSchema, ack?: TSchema) => {
    channels[name] = { address: name, messages: { [name]: { name, payload } } }
    operations[`${action}_${name}`] = {
      action,
      channel: { $ref: `#/channels/${name}` },
      messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
      ...(ack && { 'x-ack': ack }),
    }
  }
  // From the application's point of view: it receives what clients send.
  for (const [name, { payload, ack }] of Object.entries(clientEvents)) add(name, 'receive', payload, ack)
  for (const [name, payload] of Object.entries(serverEvents)) add(name, 'send', payload)
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version,
      description:
        'Socket.IO events. Every client event is acknowledged: `{ ok: true, ... }` with the fields of `x-ack`, or ' +
        '`{ ok: false, error: { code, message, retryAfterMs?, field? } }`.',
    },
    channels,
    operations,
  }
}

export const docsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}: the contract</title>
<h1>${title}: the contract</h1>
<ul>
<li><a href="/docs/openapi.json">HTTP (OpenAPI)</a></li>
<li><a href="/docs/asyncapi.json">Socket events (AsyncAPI)</a></li>
<li><a href="/limits">Limits of this cluster</a></li>
</ul></html>
`
