import { CodedError, type MediaRecord } from '@earshot/protocol'
import type { HttpTransport } from '../http-transport.ts'
import { isRetryable, type RetryPolicy, retryDelayMs, sleep } from '../retry.ts'

const uploadsPath = '/media/uploads'
const tusVersion = { 'tus-resumable': '1.0.0' }

export interface UploadOptions {
  name?: string
  /** MIME type; what is in the file decides in the end. */
  type?: string
  /** Bytes that the server has. */
  onProgress?: (progress: { sentBytes: number; totalBytes: number }) => void
  /** Where the upload lives: keep it, and give it as `resume` after a reload. */
  onStarted?: (place: string) => void
  /** An upload of these very bytes that was begun before; where the server no longer has it, it begins anew. */
  resume?: string
  /** Breaks it off; what the server has stays for `resume` until it expires. */
  signal?: AbortSignal
  /** Bytes in one request. Default 4,000,000. */
  pieceBytes?: number
}

/**
 * Sends a file in pieces and goes on after a break where the server stands, on whichever node answers: the tus
 * protocol 1.0 (https://tus.io/protocols/resumable-upload), of which this is the part that one client needs.
 * @throws {CodedError} `TOO_LARGE`, `UNSUPPORTED_MEDIA`; `RETRY_LATER` when the tries of one piece are used up;
 * what `signal` was aborted with
 */
export async function uploadInPieces(
  http: HttpTransport,
  file: Blob,
  retry: RetryPolicy,
  options: UploadOptions = {},
): Promise<MediaRecord> {
  const { signal, pieceBytes = 4_000_000 } = options
  const begun = await begin(http, file, retry, options)
  const { place } = begun
  let { state } = begun
  while (state.mediaId === undefined) {
    options.onProgress?.({ sentBytes: state.offset, totalBytes: file.size })
    state = await persist(
      retry,
      signal,
      () => sendPiece(http, place, file, state.offset, pieceBytes, signal),
      // How much of a broken piece arrived, only the server knows.
      async () => {
        state = await stateOf(http, place, signal)
        return state.mediaId === undefined ? undefined : state
      },
    )
  }
  options.onProgress?.({ sentBytes: file.size, totalBytes: file.size })
  const { mediaId } = state
  return persist(retry, signal, () => http.json<MediaRecord>('GET', `/media/${mediaId}/info`))
}

interface State {
  offset: number
  /** Of the whole. */
  length: number
  /** When it is complete. */
  mediaId?: string
}

/** Goes on with what `resume` names while the server has that, else begins anew. */
async function begin(
  http: HttpTransport,
  file: Blob,
  retry: RetryPolicy,
  options: UploadOptions,
): Promise<{ place: string; state: State }> {
  const { resume, signal } = options
  const stateAt = (place: string) => persist(retry, signal, () => stateOf(http, place, signal))
  if (resume !== undefined) {
    try {
      const state = await stateAt(resume)
      if (state.mediaId !== undefined || state.length === file.size) return { place: resume, state }
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'NOT_FOUND') throw error
    }
  }
  const place = await newPlace(http, file, retry, options)
  return { place, state: await stateAt(place) }
}

async function newPlace(
  http: HttpTransport,
  file: Blob,
  retry: RetryPolicy,
  { name, type, onStarted, signal }: UploadOptions,
): Promise<string> {
  const metadata = Object.entries({ filename: name, filetype: type ?? (file.type || undefined) })
    .flatMap(([key, value]) => (value === undefined ? [] : `${key} ${base64(value)}`))
    .join(',')
  const response = await persist(retry, signal, () =>
    http.request('POST', uploadsPath, {
      headers: {
        ...tusVersion,
        'upload-length': String(file.size),
        ...(metadata !== '' && { 'upload-metadata': metadata }),
      },
      signal,
    }),
  )
  const location = response.headers.get('location')
  if (!location) throw new CodedError('INTERNAL', 'The server did not say where to send the file.')
  const place = new URL(location, 'http://any').pathname
  onStarted?.(place)
  return place
}

async function stateOf(http: HttpTransport, place: string, signal: AbortSignal | undefined): Promise<State> {
  return read(await http.request('HEAD', place, { headers: tusVersion, signal }))
}

async function sendPiece(
  http: HttpTransport,
  place: string,
  file: Blob,
  offset: number,
  pieceBytes: number,
  signal: AbortSignal | undefined,
): Promise<State> {
  const piece = file.slice(offset, offset + pieceBytes)
  const response = await http.request('PATCH', place, {
    headers: {
      ...tusVersion,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
    raw: piece,
    signal,
    // The last piece waits until the server has looked at the whole.
    timeoutMs: 120_000,
  })
  return read(response)
}

function read(response: Response): State {
  const mediaId = response.headers.get('media-id')
  const offset = Number(response.headers.get('upload-offset'))
  const length = Number(response.headers.get('upload-length'))
  return { offset, length, ...(mediaId !== null && { mediaId }) }
}

/** @param between runs before each further try; what it gives back ends the trying */
async function persist<T>(
  retry: RetryPolicy,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  between: () => Promise<T | undefined> = async () => undefined,
): Promise<T> {
  let isFirst = true
  for (let tries = 1; ; tries++) {
    try {
      if (!isFirst) {
        const done = await between()
        if (done !== undefined) return done
      }
      isFirst = false
      return await work()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      // Another node may not know yet what the one before has stored.
      const mayPass = isRetryable(error) || (error instanceof CodedError && error.code === 'CONFLICT')
      if (!mayPass || tries >= retry.maxTries) throw error
      await sleep(retryDelayMs(retry, tries, error.retryAfterMs), signal)
    }
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
