import type { Page } from 'playwright-core'

/** A finger on a button, as a touch screen tells of it. */
export async function fingerOn(page: Page, button: string) {
  const box = await page.getByRole('button', { name: button }).boundingBox()
  if (!box) throw new Error(`There is no button "${button}" on the screen.`)
  const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const touch = await page.context().newCDPSession(page)
  const tell = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: { x: number; y: number }) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] })
  return {
    down: () => tell('touchStart', start),
    slide: async (x: number, y: number) => {
      for (const part of [0.25, 0.5, 0.75, 1]) {
        await tell('touchMove', { x: start.x + part * x, y: start.y + part * y })
      }
    },
    up: () => tell('touchEnd'),
  }
}
