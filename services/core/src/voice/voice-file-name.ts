import { audioExtension } from './audio-extension.ts'

/** What a voice message is called when it is saved: by when it was sent (UTC), so that names sort as it was said. */
export function voiceFileName(sentAt: Date, mimeType: string): string {
  const [date = '', time = ''] = sentAt.toISOString().split('T')
  return `voice-message-${date}-${time.slice(0, 8).replaceAll(':', '.')}.${audioExtension(mimeType)}`
}
