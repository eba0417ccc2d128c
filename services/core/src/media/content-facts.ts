import { fileTypeFromBuffer } from 'file-type'
import { imageSize } from 'image-size'
import { audioType, sniffAudio } from './sniff.ts'

/** What the first bytes of an upload say of it. */
export interface ContentFacts {
  mimeType: string
  /** The container, where it may be played as a voice message. */
  audioType?: string
  /** Pixels, of images, turned upright. */
  width?: number
  height?: number
}

export const unknownType = 'application/octet-stream'

/** As many first bytes as the facts may need: headers of photos carry previews and colour profiles. */
export const headBytes = 256 * 1024

/** Recognising a type needs fewer; what is in hand is not searched further. */
const typeBytes = 64 * 1024

const measured = new Set([
  'image/apng',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/jpeg',
  'image/png',
  'image/webp',
])

/**
 * Type and measures by content.
 * @param declared the sender's type, believed only where it says that a container known to be WebM, Ogg or MP4 holds
 * audio
 */
export async function contentFacts(head: Buffer, declared = ''): Promise<ContentFacts> {
  const found = await fileTypeFromBuffer(head.subarray(0, typeBytes))
  const audio = found?.mime.startsWith('image/') ? undefined : sniffAudio(head)
  const isSaidToBeAudio = audio !== undefined && declared.toLowerCase().startsWith(audio)
  const mimeType = isSaidToBeAudio ? audioType(declared, audio) : (found?.mime ?? unknownType)
  return {
    mimeType,
    ...(audio !== undefined && { audioType: audio }),
    ...(measured.has(mimeType) && measures(head)),
  }
}

function measures(head: Buffer): Pick<ContentFacts, 'width' | 'height'> {
  try {
    const { width, height, orientation = 1 } = imageSize(head)
    if (!isMeasure(width) || !isMeasure(height)) return {}
    // From 5 on, EXIF's orientations lie on their side.
    return orientation >= 5 ? { width: height, height: width } : { width, height }
  } catch (error) {
    // An image whose header the library cannot read has no measures, and is an image all the same.
    if (error instanceof Error) return {}
    throw error
  }
}

function isMeasure(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= 1_000_000
}
