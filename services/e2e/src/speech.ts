import { randomBytes } from 'node:crypto'

/**
 * Bytes that are recognised as WebM and are different each time. Only for tests of the way that audio takes; what must
 * be decodable is made by espeak-ng and ffmpeg.
 */
export function webmBytes(size: number): Buffer {
  return Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), randomBytes(size - 4)])
}

export function dataUrl(bytes: Buffer, mimeType = 'audio/webm;codecs=opus'): string {
  return `data:${mimeType};base64,${bytes.toString('base64')}`
}
