import Type from 'typebox'
import { Id, Timestamp } from './common.ts'

/** An upload as its owner and its readers see it. Type, size and measures are those of the bytes. */
export const MediaRecord = Type.Object({
  _id: Id,
  url: Type.String({ description: '`/media/<id>`: what a message says to carry it.' }),
  mimeType: Type.String({ description: 'By content. `application/octet-stream`: not known.' }),
  size: Type.Integer({ description: 'Bytes.' }),
  sha256: Type.String({ description: 'Of the whole content, in hex.' }),
  name: Type.Optional(Type.String()),
  width: Type.Optional(Type.Integer({ description: 'Pixels, of images, as shown (turned upright).' })),
  height: Type.Optional(Type.Integer({ description: 'Pixels, of images, as shown (turned upright).' })),
})
export type MediaRecord = Type.Static<typeof MediaRecord>

/** A URL that a tag can load without a header, for a while. */
export const SignedMediaUrl = Type.Object({
  url: Type.String({ description: 'Path and query on any node of this cluster.' }),
  expiresAt: Timestamp,
})
export type SignedMediaUrl = Type.Static<typeof SignedMediaUrl>
