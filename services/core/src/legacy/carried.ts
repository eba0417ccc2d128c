import { createHash } from 'node:crypto'
import type { FileRef } from '@earshot/protocol'
import { safeFileName } from '../media/file-name.ts'
import { audioType, sniffAudio } from '../media/sniff.ts'
import { mediaUrl, type VoiceDoc } from '../messages/message-doc.ts'
import { type DataUrl, parseDataUrl } from './data-url.ts'
import { amountOf, fieldsOf, type OldMessage, textOf } from './old-docs.ts'

/** What an old message carries of audio in itself. */
export function voiceOf(message: OldMessage): VoiceDoc | undefined {
  const fields = fieldsOf(message.voiceMessage)
  const url = textOf(fields?.url)
  if (!fields || url === undefined) return undefined
  const audio = parseDataUrl(url) ?? { mimeType: 'application/octet-stream', bytes: Buffer.alloc(0) }
  return {
    duration: amountOf(fields.duration) ?? 0,
    mimeType: typeOfAudio(audio, textOf(fields.mimeType)),
    // Of the bytes, whatever the document says: it is what a player gets.
    size: audio.bytes.length,
    sha256: createHash('sha256').update(audio.bytes).digest('hex'),
    place: 'inline',
  }
}

/** By content where the container is known, else as the document says, as long as that is audio. */
function typeOfAudio({ mimeType, bytes }: DataUrl, declared: string | undefined): string {
  const container = sniffAudio(bytes)
  if (container) return audioType(declared ?? mimeType, container)
  const said = [declared, mimeType].find((type) => type !== undefined && /^audio\/[\w.+-]+/i.test(type))
  return said ?? 'application/octet-stream'
}

/** An old message's file: in itself, or where the existing system keeps it. */
export function fileOf(message: OldMessage): FileRef | undefined {
  const { url, name, type, size } = fileFields(message)
  if (url === undefined) return undefined
  const inline = parseDataUrl(url)
  if (!inline && !isLoadable(url)) return undefined
  const path = inline ? '' : (url.split(/[?#]/, 1)[0] ?? '')
  return {
    url: inline ? mediaUrl(message._id.toHexString()) : url,
    name: safeFileName(name) ?? safeFileName(path) ?? 'file',
    mimeType: inline?.mimeType ?? type?.slice(0, 128) ?? 'application/octet-stream',
    size: inline?.bytes.length ?? Math.round(size ?? 0),
  }
}

/** The file in the document itself. */
export function inlineFile(message: OldMessage): DataUrl | undefined {
  const { url } = fileFields(message)
  return url === undefined ? undefined : parseDataUrl(url)
}

/** The field of the document that the file is in. */
export function inlineFileField(message: OldMessage): string | undefined {
  const { url } = fileFields(message)
  if (url === undefined) return undefined
  if (message.file === url) return 'file'
  const file = fieldsOf(message.file)
  const name = ['url', 'path', 'data'].find((key) => file?.[key] === url)
  return name === undefined ? 'fileUrl' : `file.${name}`
}

function fileFields(message: OldMessage): { url?: string; name?: string; type?: string; size?: number } {
  const file = fieldsOf(message.file) ?? {}
  const url = textOf(message.file) ?? first(textOf, file.url, file.path, file.data, message.fileUrl)
  const name = first(textOf, file.name, file.fileName, file.originalName, message.fileName)
  const type = first(textOf, file.mimeType, file.mimetype, file.type, message.fileType)
  const size = first(amountOf, file.size, message.fileSize)
  return {
    ...(url !== undefined && { url }),
    ...(name !== undefined && { name }),
    ...(type !== undefined && { type }),
    ...(size !== undefined && { size }),
  }
}

function first<T>(read: (value: unknown) => T | undefined, ...values: unknown[]): T | undefined {
  for (const value of values) {
    const found = read(value)
    if (found !== undefined) return found
  }
  return undefined
}

/** A path or a web address: no script, and nothing that a page would run. */
function isLoadable(url: string): boolean {
  return url.length <= 4_096 && (/^https?:\/\//i.test(url) || /^(?!\/\/)[\w./%~+@-]+([?#].*)?$/.test(url))
}
