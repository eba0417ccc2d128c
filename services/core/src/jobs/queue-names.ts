import { notificationQueueNames } from '../notifications/notification-queues.ts'
import { voiceQueueNames } from '../voice/voice-queue.ts'

/** Every queue that there is, for those who look after them all. */
export const allQueueNames: readonly string[] = [
  ...Object.values(voiceQueueNames),
  ...Object.values(notificationQueueNames),
]
