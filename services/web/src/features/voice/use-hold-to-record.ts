import { type PointerEvent, useRef, useState } from 'react'

/** Shorter than this is a tap. */
const tapMs = 350
const cancelPx = 90
const lockPx = 70

interface HoldActions {
  onStart: (how: 'held' | 'free') => void
  /** Goes on without the finger. */
  onFree: () => void
  onSend: () => void
  onCancel: () => void
}

/**
 * The microphone's button under a finger: hold and let go to send, slide to the start of the line to throw it away,
 * slide up or just tap to record with both hands free. A mouse and a keyboard press it.
 */
export function useHoldToRecord(actions: HoldActions) {
  const start = useRef<{ x: number; y: number; at: number }>(undefined)
  const [slide, setSlide] = useState(0)

  function end(action: () => void) {
    start.current = undefined
    setSlide(0)
    action()
  }

  return {
    /** Pixels towards throwing it away, as a part of the way from 0 to 1. */
    slide: Math.min(1, slide / cancelPx),
    handlers: {
      onPointerDown(event: PointerEvent) {
        if (event.pointerType === 'mouse') return
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { x: event.clientX, y: event.clientY, at: event.timeStamp }
        actions.onStart('held')
      },
      onPointerMove(event: PointerEvent) {
        if (!start.current) return
        const across = start.current.x - event.clientX
        if (across > cancelPx) end(actions.onCancel)
        else if (start.current.y - event.clientY > lockPx) end(actions.onFree)
        else setSlide(Math.max(0, across))
      },
      onPointerUp(event: PointerEvent) {
        if (!start.current) return
        end(event.timeStamp - start.current.at < tapMs ? actions.onFree : actions.onSend)
      },
      onPointerCancel() {
        if (start.current) end(actions.onFree)
      },
      onClick(event: { nativeEvent: Event }) {
        // After a finger the browser says click as well.
        const { pointerType } = event.nativeEvent as { pointerType?: string }
        if (pointerType !== 'touch' && pointerType !== 'pen') actions.onStart('free')
      },
      onContextMenu(event: { preventDefault: () => void }) {
        event.preventDefault()
      },
    },
  }
}
