import { useEffect, useRef } from 'react'
import type { ActiveRecording } from './recording.ts'
import classes from './voice.module.css'

const barPx = 4
const everyMs = 100

/** The last seconds of how loud it is: whether anything is heard at all is seen at once. */
export function LevelBars({ active }: { active: ActiveRecording }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const timer = setInterval(() => canvas.current && draw(canvas.current, active.levels()), everyMs)
    return () => clearInterval(timer)
  }, [active])
  return (
    <span className={classes.levels} aria-hidden="true">
      <canvas ref={canvas} />
    </span>
  )
}

function draw(canvas: HTMLCanvasElement, levels: readonly number[]): void {
  const { clientWidth, clientHeight } = canvas
  const scale = window.devicePixelRatio
  canvas.width = clientWidth * scale
  canvas.height = clientHeight * scale
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(scale, scale)
  context.fillStyle = getComputedStyle(canvas).color
  const count = Math.floor(clientWidth / barPx)
  const shown = levels.slice(-count)
  for (const [index, level] of shown.entries()) {
    const height = Math.max(2, level * clientHeight)
    context.fillRect((count - shown.length + index) * barPx, (clientHeight - height) / 2, 2, height)
  }
}
