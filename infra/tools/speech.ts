import { installWithApt } from './apt.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'

const PROGRAMS = ['espeak-ng', 'ffmpeg']

/** Programs that make and convert speech, for tests of voice and the demo. Gives those that are still missing. */
export async function provideSpeech(box: Toolbox): Promise<string[]> {
  const missing = () => PROGRAMS.filter((program) => onPath(program) === undefined)
  const wanted = missing()
  if (wanted.length === 0) return []
  const refused = await installWithApt({ packages: wanted }, box)
  const still = missing()
  if (still.length > 0) {
    box.reporter.say(`Voice: ${still.join(' and ')} missing (${refused?.why}); what needs them is skipped.`)
  }
  return still
}
