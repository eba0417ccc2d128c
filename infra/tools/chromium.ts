import { existsSync } from 'node:fs'
import { installWithApt } from './apt.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay } from './ways.ts'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ON_A_MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** A browser in which the page is tried, with the signs that people use in reactions; or why there is none. */
export async function provideChromium(box: Toolbox): Promise<string | NotThisWay> {
  const found = () => process.env.CHROMIUM || onPath(...PROGRAMS) || ON_A_MAC.find((path) => existsSync(path))
  const known = found()
  if (known !== undefined) return known
  const refused = await installWithApt({ packages: ['chromium', 'fonts-noto-color-emoji'] }, box)
  return found() ?? refused ?? new NotThisWay('apt-get brought no chromium')
}
