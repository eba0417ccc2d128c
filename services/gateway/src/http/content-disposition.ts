import { safeFileName } from '@earshot/core/media/file-name'

/** Images that a browser shows without running anything in them. */
const shownImages = new Set([
  'image/apng',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
])

/**
 * `Content-Disposition` of RFC 6266: shown in place when the type is a harmless image, audio or video, else only to be
 * saved, as anything is for a download. A name that is not plain ASCII is told by RFC 5987, with a plain one for those who do not know that.
 */
export function contentDisposition(mimeType: string, name: string | undefined, isDownload = false): string {
  const [essence = ''] = mimeType.toLowerCase().split(';')
  const isShown = /^(audio|video)\//.test(essence) || shownImages.has(essence)
  const kind = isShown && !isDownload ? 'inline' : 'attachment'
  const safe = safeFileName(name)
  if (safe === undefined) return kind
  const plain = safe.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  if (plain === safe) return `${kind}; filename="${safe}"`
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encode(safe)}`
}

/** The name that a sender gives by the same header. */
export function fileNameOf(header: string | undefined): string | undefined {
  const [, extended] = /;\s*filename\*=utf-8''([^;\s]+)/i.exec(header ?? '') ?? []
  if (extended !== undefined) return decode(extended)
  const [, quoted, token] = /;\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(header ?? '') ?? []
  return quoted?.replace(/\\(.)/g, '$1') ?? token
}

/** `attr-char` of RFC 5987 and nothing else. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
