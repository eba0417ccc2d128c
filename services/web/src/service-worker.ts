/**
 * Lets the page open without a network: its own files come from a cache that is filled when a version is first seen,
 * the page itself from the network while that answers. All else (messages, sound) is left alone. The build fills in
 * the version and the files.
 */
declare const VERSION: string
declare const FILES: readonly string[]

interface WorkerEvent extends Event {
  waitUntil: (done: Promise<unknown>) => void
}

interface PageRequest extends WorkerEvent {
  request: Request
  respondWith: (response: Promise<Response>) => void
}

interface PushEvent extends WorkerEvent {
  data: { json: () => Pushed } | null
}

/** What the server says of a new message: as much as its operator lets it. */
interface Pushed {
  conversationId: string
  sender?: { name: string }
  messageType?: 'text' | 'file' | 'voice'
  content?: string
}

interface ClickEvent extends WorkerEvent {
  notification: Notification
}

interface Tab {
  focus: () => Promise<unknown>
  navigate: (url: string) => Promise<unknown>
}

interface PageWorker {
  skipWaiting: () => Promise<void>
  clients: {
    claim: () => Promise<void>
    matchAll: (options: { type: 'window' }) => Promise<Tab[]>
    openWindow: (url: string) => Promise<unknown>
  }
  registration: ServiceWorkerRegistration
  addEventListener: {
    (type: 'install' | 'activate', listener: (event: WorkerEvent) => void): void
    (type: 'fetch', listener: (event: PageRequest) => void): void
    (type: 'push', listener: (event: PushEvent) => void): void
    (type: 'notificationclick', listener: (event: ClickEvent) => void): void
  }
}

const worker = self as unknown as PageWorker
const prefix = 'earshot-page-'
const current = prefix + VERSION
const files = new Set(FILES)
/** A network that does not answer by then is as good as none. */
const patienceMs = 4_000

worker.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()))
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(forgetOld().then(() => worker.clients.claim()))
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate' && pathname === '/') event.respondWith(page(request))
  else if (files.has(pathname)) event.respondWith(file(request))
})

worker.addEventListener('push', (event) => {
  if (event.data) event.waitUntil(notify(event.data.json()))
})

worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(show(event.notification.tag))
})

/** One for a conversation: a later one takes its place. */
async function notify({ conversationId, sender, messageType, content }: Pushed): Promise<void> {
  const what = messageType === 'voice' ? 'Voice message' : messageType === 'file' ? 'File' : 'New message'
  await worker.registration.showNotification(sender?.name ?? 'Earshot', {
    body: content || what,
    tag: conversationId,
    icon: '/icon-192.png',
    badge: '/icon-192.png',
  })
}

async function show(conversationId: string): Promise<void> {
  const url = `/#/chat/${encodeURIComponent(conversationId)}`
  const [tab] = await worker.clients.matchAll({ type: 'window' })
  if (!tab) return void (await worker.clients.openWindow(url))
  await tab.navigate(url)
  await tab.focus()
}

async function fill(): Promise<void> {
  const cache = await caches.open(current)
  await cache.addAll(FILES.map((path) => new Request(path, { cache: 'no-cache' })))
}

/** A page that is still open may ask for files of the version before. */
async function forgetOld(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix))
  await Promise.all(names.slice(0, -2).map((name) => caches.delete(name)))
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(patienceMs) })
  } catch (error) {
    const cached = await caches.match('/', { cacheName: current })
    if (cached) return cached
    throw error
  }
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
}
