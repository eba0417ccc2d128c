/** What is to be made of audio so that every browser plays it: nothing, the same in another container, or AAC. */
export type WantedForm = 'none' | 'repacked' | 'encoded'

export interface ExaminedAudio {
  /** Seconds, decoded to the end. */
  duration: number
  /** From 0 to 1, evenly spaced. */
  peaks: number[]
  /** The form that was wanted, MP4 with AAC. */
  playback?: Buffer
}

/** A program that decodes and encodes audio. */
export interface AudioTool {
  /**
   * Decodes audio to its end. `undefined`: it cannot be decoded, and never will.
   * @throws when the program did not get as far as that, so that trying again may help
   */
  examine(
    audio: { bytes: Uint8Array; container: string },
    options: { form: WantedForm; signal: AbortSignal },
  ): Promise<ExaminedAudio | undefined>
}
