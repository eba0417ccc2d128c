import { CodedError, type VoiceInput } from '@earshot/protocol'

/** Audio as it came with a message. */
export interface AudioBytes {
  bytes: Buffer
  /** What a `data:` URL said it is. */
  type?: string
  /** Of the message, for errors. */
  field: string
}

/**
 * The bytes of a voice message: an attachment, or a `data:` URL. The server fetches nothing that a client names.
 * @throws {CodedError} `BAD_REQUEST`, naming the field
 */
export function audioBytes({ data, url }: VoiceInput): AudioBytes {
  if (data === undefined) return ofDataUrl(url)
  const field = 'voiceMessage.data'
  if (!(data instanceof Uint8Array)) throw wrong('data must be bytes.', field)
  if (url !== undefined) throw wrong('Either url or data.', 'voiceMessage.url')
  return { bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength), field }
}

function ofDataUrl(url: string | undefined): AudioBytes {
  const field = 'voiceMessage.url'
  if (url === undefined) throw wrong('url or data is missing.', field)
  if (!url.startsWith('data:')) throw wrong('url must be a data: URL, or /media/<id> of an upload.', field)
  const comma = url.indexOf(',')
  if (comma < 0 || !/^data:[^,]{0,200};base64$/i.test(url.slice(0, comma))) {
    throw wrong('url must be a data: URL in base64.', field)
  }
  // A copy: a part of a text holds all of it.
  const type = Buffer.from(url.slice('data:'.length, comma - ';base64'.length)).toString()
  const base64 = url.slice(comma + 1)
  const bytes = Buffer.from(base64, 'base64')
  // Node's decoder skips what is not base64; the length then tells.
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  if (base64.length % 4 !== 0 || bytes.length !== (base64.length / 4) * 3 - padding) {
    throw wrong('url is not valid base64.', field)
  }
  return { bytes, type, field }
}

function wrong(message: string, field: string): CodedError {
  return new CodedError('BAD_REQUEST', message, { field })
}
