export interface DataUrl {
  mimeType: string
  bytes: Buffer
}

/** The bytes of a base64 `data:` URL, with the type that it says; `undefined` for any other URL. */
export function parseDataUrl(url: string): DataUrl | undefined {
  // Only the head is matched: the rest may be megabytes.
  const comma = url.indexOf(',')
  const [, type] = /^data:([^,]{0,200});base64$/i.exec(url.slice(0, comma < 0 ? 0 : comma)) ?? []
  if (type === undefined) return undefined
  const isType = /^[a-z]+\/[a-z0-9.+-]+(\s*;\s*[a-z0-9-]+="?[a-z0-9.,_ -]{1,60}"?)*$/i.test(type)
  const mimeType = isType ? type : 'application/octet-stream'
  return { mimeType, bytes: Buffer.from(url.slice(comma + 1), 'base64') }
}
