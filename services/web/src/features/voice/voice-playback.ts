import { Store } from '../../app/store.ts'

/** One voice message as the player sees it. */
export interface Track {
  messageId: string
  conversationId: string
  seq: number
  url: string
  /** Seconds. */
  duration: number
  /** Seconds: where one stopped, on whichever device. */
  position: number
  senderName: string
  own: boolean
}

export interface PlaybackState {
  track?: Track
  phase: 'paused' | 'loading' | 'playing'
  /** Seconds from the track's start. */
  seconds: number
  rate: number
  error?: string
}

interface PlaybackDeps {
  /** The audio's bytes. */
  load: (url: string) => Promise<Blob>
  /** What is played after it. */
  next: (track: Track) => Track | undefined
  onStarted: (track: Track) => void
  /** Now and then while it plays, at a pause, and with 0 at the end. */
  onPosition: (track: Track, seconds: number) => void
  explain: (error: unknown) => string
}

export const playbackRates = [1, 1.25, 1.5, 2] as const
const rateKey = 'earshot.playback-rate'
const reportEverySeconds = 5

/** The page's one player: what it plays goes on while people move between conversations. */
export class VoicePlayback {
  readonly state = new Store<PlaybackState>({ phase: 'paused', seconds: 0, rate: storedRate() })
  readonly #audio = new Audio()
  readonly #deps: PlaybackDeps
  #attempt = 0
  #reported = 0

  constructor(deps: PlaybackDeps) {
    this.#deps = deps
    this.#audio.preload = 'auto'
    this.#audio.onplay = () => this.#change({ phase: 'playing' })
    this.#audio.onpause = () => this.#paused()
    this.#audio.ontimeupdate = () => this.#moved()
    this.#audio.onended = () => this.#ended()
  }

  /** Finer than the state's seconds, for what moves with every frame. */
  get seconds(): number {
    const { phase, seconds } = this.state.get()
    return phase === 'playing' ? this.#audio.currentTime : seconds
  }

  toggle(track: Track): void {
    const { track: current, phase } = this.state.get()
    if (current?.messageId !== track.messageId) void this.#play(track, track.position)
    else if (phase === 'playing') this.#audio.pause()
    else if (phase === 'paused') void this.#play(current, this.state.get().seconds)
  }

  seek(track: Track, seconds: number): void {
    const to = Math.min(Math.max(0, seconds), track.duration)
    const { track: current, phase } = this.state.get()
    if (current?.messageId !== track.messageId) {
      this.#stop()
      this.#change({ track, seconds: to })
    } else {
      if (phase === 'playing') this.#audio.currentTime = to
      this.#change({ seconds: to })
    }
    this.#report(to)
  }

  /** The next speed, and after the last one the first. */
  nextRate(): void {
    const index = playbackRates.indexOf(this.state.get().rate as (typeof playbackRates)[number])
    const rate = playbackRates[(index + 1) % playbackRates.length] ?? 1
    localStorage.setItem(rateKey, String(rate))
    this.#audio.playbackRate = rate
    this.#change({ rate })
  }

  pause(): void {
    if (this.state.get().phase !== 'paused') this.#stop()
    this.#change({ phase: 'paused' })
  }

  /** Nothing is played any more, nor shown as paused. */
  close(): void {
    this.#stop()
    const { rate } = this.state.get()
    this.state.update(() => ({ phase: 'paused', seconds: 0, rate }))
  }

  async #play(track: Track, from: number): Promise<void> {
    this.#stop()
    const attempt = this.#attempt
    const { rate } = this.state.get()
    this.state.update(() => ({ track, phase: 'loading', seconds: from, rate }))
    try {
      const blob = await this.#deps.load(track.url)
      if (attempt !== this.#attempt) return
      await this.#open(blob, from)
      if (attempt !== this.#attempt) return
      this.#audio.playbackRate = rate
      await this.#audio.play()
      if (attempt !== this.#attempt) return
      this.#reported = from
      this.#deps.onStarted(track)
    } catch (error) {
      if (attempt === this.#attempt) this.#change({ phase: 'paused', error: this.#deps.explain(error) })
    }
  }

  async #open(blob: Blob, from: number): Promise<void> {
    const audio = this.#audio
    const known = new Promise<void>((resolve, reject) => {
      audio.onloadedmetadata = () => resolve()
      audio.onerror = () => reject(new DOMException(audio.error?.message, 'NotSupportedError'))
    })
    audio.src = URL.createObjectURL(blob)
    await known
    // Not before: some browsers forget it.
    if (from > 0) audio.currentTime = from
  }

  #stop(): void {
    this.#attempt++
    this.#audio.pause()
    if (this.state.get().phase === 'playing') this.#paused()
    if (this.#audio.src !== '') {
      URL.revokeObjectURL(this.#audio.src)
      this.#audio.removeAttribute('src')
    }
  }

  #paused(): void {
    if (this.state.get().phase !== 'playing') return
    this.#change({ phase: 'paused' })
    if (!this.#audio.ended) this.#report(this.state.get().seconds)
  }

  #moved(): void {
    if (this.state.get().phase !== 'playing') return
    const seconds = this.#audio.currentTime
    this.#change({ seconds })
    if (Math.abs(seconds - this.#reported) >= reportEverySeconds) this.#report(seconds)
  }

  #ended(): void {
    const { track } = this.state.get()
    if (!track) return
    this.#report(0)
    const next = this.#deps.next(track)
    if (next) void this.#play(next, 0)
    else this.close()
  }

  #report(seconds: number): void {
    const { track } = this.state.get()
    this.#reported = seconds
    if (track) this.#deps.onPosition(track, seconds)
  }

  #change(change: Partial<PlaybackState>): void {
    this.state.update((state) => ({ ...state, ...change }))
  }
}

function storedRate(): number {
  const rate = Number(localStorage.getItem(rateKey))
  return playbackRates.find((known) => known === rate) ?? 1
}
