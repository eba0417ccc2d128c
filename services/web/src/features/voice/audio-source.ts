import type { HttpApi } from '@earshot/client'

/**
 * The audio's bytes, whichever way they come: in a `data:` URL, which a strict content policy does not play, or by
 * `/media/<id>`, which needs the token.
 */
export async function audioOf(url: string, http: HttpApi): Promise<Blob> {
  return url.startsWith('data:') ? decodeDataUrl(url) : http.media(url)
}

export function decodeDataUrl(url: string): Blob {
  const comma = url.indexOf(',')
  const head = url.slice('data:'.length, comma)
  const body = url.slice(comma + 1)
  if (!head.endsWith(';base64')) return new Blob([decodeURIComponent(body)], { type: head })
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0))
  return new Blob([bytes], { type: head.slice(0, -';base64'.length) })
}
