import { audioExtension } from './audio-extension.ts'

/** A recogniser that speaks OpenAI's `POST /v1/audio/transcriptions`. */
export interface TranscriptionOptions {
  /** What stands before `/v1/audio/transcriptions`. */
  url: string
  key: string | undefined
  model: string
  /** ISO 639-1; unset: the recogniser finds out. */
  language: string | undefined
  timeoutMs: number
}

/** The recogniser will not take this audio, however often it is asked. */
export class TranscriptionRefusedError extends Error {
  override readonly name = 'TranscriptionRefusedError'
}

/** Longest answer that is read, bytes, and longest transcript that is kept, UTF-16 units. */
const maxAnswerBytes = 1_000_000
const maxChars = 50_000

/** What says that the audio is at fault, not the moment or the settings. */
const refusals = new Set([400, 413, 415, 422])

export class TranscriptionClient {
  readonly #options: TranscriptionOptions
  readonly #endpoint: URL

  constructor(options: TranscriptionOptions) {
    this.#options = options
    this.#endpoint = new URL(`${options.url.replace(/\/+$/, '')}/v1/audio/transcriptions`)
  }

  /**
   * The words in the audio; empty when there are none.
   * @throws {TranscriptionRefusedError}; any other error says that it may succeed later
   */
  async transcribe(audio: Uint8Array<ArrayBuffer>, mimeType: string, signal: AbortSignal): Promise<string> {
    const { key, timeoutMs } = this.#options
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
      body: this.#form(audio, mimeType),
      // Nobody but the one that the operator named gets to hear it.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (!response.ok) {
      await response.body?.cancel()
      const message = `the recogniser answered ${response.status}`
      throw refusals.has(response.status) ? new TranscriptionRefusedError(message) : new Error(message)
    }
    return textOf(await boundedText(response))
  }

  #form(audio: Uint8Array<ArrayBuffer>, mimeType: string): FormData {
    const { model, language } = this.#options
    const [essence = ''] = mimeType.split(';')
    const form = new FormData()
    form.set('file', new Blob([audio], { type: essence }), `voice.${audioExtension(mimeType)}`)
    form.set('model', model)
    form.set('response_format', 'json')
    if (language !== undefined) form.set('language', language)
    return form
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > maxAnswerBytes)
      throw new TranscriptionRefusedError('the recogniser answered at too great a length')
    text += decoder.decode(part, { stream: true })
  }
  return text + decoder.decode()
}

function textOf(json: string): string {
  const { text } = JSON.parse(json) as { text?: unknown }
  if (typeof text !== 'string') throw new Error('the recogniser answered without a text')
  return text.toWellFormed().trim().slice(0, maxChars)
}
