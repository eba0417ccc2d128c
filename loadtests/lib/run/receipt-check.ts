import { listConversations } from '../earshot/http.ts'
import type { EarshotUser } from '../earshot/user.ts'
import { readAll } from './day.ts'
import { target } from './env.ts'
import { countFault, metrics } from './metrics.ts'
import { sleep } from './wait.ts'

const askEveryMs = 500

/** Who has read everything has nothing unread, by the server's own list; it is given some time, as receipts are gathered. */
export async function checkReceipts(user: EarshotUser, patienceMs: number): Promise<void> {
  const until = Date.now() + patienceMs
  await user.sync()
  await readAll(user)
  for (;;) {
    const { conversations } = await listConversations({ target, token: user.token })
    const unread = conversations.filter(({ unreadCount }) => unreadCount > 0)
    if (unread.length === 0 || Date.now() >= until) {
      metrics.receiptChecks.add(conversations.length)
      for (const { _id, unreadCount } of unread)
        countFault(
          metrics.receiptErrors,
          'receipt_errors',
          `${user.userId} has read all of ${_id}, ${unreadCount} count as unread`,
        )
      return
    }
    await sleep(askEveryMs)
  }
}
