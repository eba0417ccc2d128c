import { installWithApt } from './apt.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'

export interface FfmpegTool {
  /** Absent: this machine has none, and voice messages stay as they are sent. */
  command?: string
  chosen: string
  cannot?: string
}

/** The program by which the worker prepares voice messages. The cluster runs without it. */
export async function provideFfmpeg(box: Toolbox): Promise<FfmpegTool> {
  const refused =
    onPath('ffmpeg') === undefined ? await installWithApt({ packages: ['ffmpeg'] }, box) : undefined
  const command = onPath('ffmpeg')
  if (command !== undefined) return { command, chosen: command }
  return {
    chosen: `none (${refused?.why ?? 'it was not installed'})`,
    cannot: 'waveforms, and recordings that every browser plays: voice messages stay as they are sent',
  }
}
