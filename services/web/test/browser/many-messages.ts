import type { Message } from '@earshot/protocol'
import type { Page } from 'playwright-core'

/** Serves a history of so many messages to the page, in one piece, in place of the server's. */
export async function fakeHistory(page: Page, count: number): Promise<void> {
  await page.route(/\/chat\/[^/]+\/messages/, async (route) => {
    const [, conversationId = ''] = /\/chat\/([^/]+)\//.exec(decodeURIComponent(route.request().url())) ?? []
    await route.fulfill({ json: { messages: messagesOf(conversationId, count), headSeq: count } })
  })
}

function messagesOf(conversationId: string, count: number): Message[] {
  const start = Date.UTC(2026, 0, 1)
  return Array.from({ length: count }, (_, index) => ({
    _id: `fake-${index}`,
    conversationId,
    seq: index + 1,
    sender: { _id: index % 3 === 0 ? 'a-friend' : 'another', name: index % 3 === 0 ? 'A Friend' : 'Another' },
    groupId: conversationId,
    messageType: 'text' as const,
    content: `Message ${index + 1}. ${'Some more words to say. '.repeat(index % 7)}`,
    createdAt: new Date(start + index * 4 * 60_000).toISOString(),
    status: 'sent' as const,
  }))
}

export interface Smoothness {
  /** Milliseconds between two pictures. */
  median: number
  p99: number
  elements: number
}

/** Scrolls up by so many pixels a picture, as fast as the browser draws. */
export function scrollUp(page: Page, frames: number, pixels: number): Promise<Smoothness> {
  return page.getByLabel('Messages', { exact: true }).evaluate(
    (list, { frames, pixels }) =>
      new Promise<Smoothness>((resolve) => {
        const times: number[] = []
        let elements = 0
        const step = (now: number) => {
          times.push(now)
          list.scrollTop -= pixels
          elements = Math.max(elements, list.querySelectorAll('*').length)
          if (times.length <= frames) return requestAnimationFrame(step)
          const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
          gaps.sort((a, b) => a - b)
          const at = (part: number) => Math.round((gaps[Math.floor(part * (gaps.length - 1))] ?? 0) * 10) / 10
          resolve({ median: at(0.5), p99: at(0.99), elements })
        }
        requestAnimationFrame(step)
      }),
    { frames, pixels },
  )
}
