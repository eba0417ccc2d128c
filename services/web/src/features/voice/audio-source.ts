import type { HttpApi } from '@earshot/client'

/**
 * The audio as an object URL, whichever way it comes: a `data:` URL, which a strict content policy does not
 * play, or `/media/<id>`, which needs the token. Whoever asks revokes it.
 */
export async function objectUrlOf(url: string, http: HttpApi): Promise<string> {
  const blob = url.startsWith('data:') ? decodeDataUrl(url) : await http.media(url)
  return URL.createObjectURL(blob)
}

export function decodeDataUrl(url: string): Blob {
  const comma = url.indexOf(',')
  const head = url.slice('data:'.length, comma)
  const body = url.slice(comma + 1)
  if (!head.endsWith(';base64')) return new Blob([decodeURIComponent(body)], { type: head })
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0))
  return new Blob([bytes], { type: head.slice(0, -';base64'.length) })
}
