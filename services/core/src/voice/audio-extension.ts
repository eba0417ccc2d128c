const extensions: Record<string, string> = {
  'audio/webm': 'webm',
  'audio/ogg': 'ogg',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
}

/** What files of a type of audio are called, without the dot. */
export function audioExtension(mimeType: string): string {
  const [essence = ''] = mimeType.toLowerCase().split(';')
  return extensions[essence.trim()] ?? 'bin'
}
