/** The address of an Engine.IO session by WebSocket. k6 has no `URL`. */
export function socketUrl(url: string, path: string): string {
  const base = url.replace(/^http/, 'ws').replace(/\/+$/, '')
  const inner = path.replace(/^\/+|\/+$/g, '')
  return `${base}/${inner === '' ? '' : `${inner}/`}?EIO=4&transport=websocket`
}
