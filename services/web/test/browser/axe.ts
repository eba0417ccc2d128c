import axe, { type Result } from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds serious on the page as it is, in light and in dark, each as one line. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const found: string[] = []
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // The colours have changed; what turns for ever does not matter.
    await page.evaluate(() =>
      Promise.allSettled(
        document
          .getAnimations()
          .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY)
          .map(({ finished }) => finished),
      ),
    )
    await page.evaluate(axe.source)
    const violations = await page.evaluate(async () => {
      const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
        resultTypes: ['violations'],
      })
      return violations
    })
    found.push(...violations.filter(isSerious).map((violation) => `${colorScheme}: ${lineOf(violation)}`))
  }
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light', reducedMotion: null })
  return found
}

function isSerious({ impact }: Result): boolean {
  return impact === 'serious' || impact === 'critical'
}

function lineOf({ id, help, nodes }: Result): string {
  const where = nodes.slice(0, 3).map(({ target, any }) => `${target.join(' ')} (${any[0]?.message ?? ''})`)
  return `${id}: ${help}: ${where.join('; ')}`
}
