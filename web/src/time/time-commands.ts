/** The time of the page by the keys that the map and a trace have too; for screens that show what happened in it. */
import { cursorMs } from '../charts/cursor.svelte.ts'
import type { Command } from '../shell/commands.svelte.ts'
import { moveRange, zoomIn, zoomOutOrWiden, zoomOutWholly } from './range.svelte.ts'

const group = 'Time'

/** In Jaeger's keys w and s scroll. */
export const timeCommands: readonly Command[] = [
  { keys: 'w', jaeger: '', words: 'Zoom in, at the hairline', group, run: () => zoomIn(cursorMs(), Date.now()) },
  { keys: 's', jaeger: '', words: 'Zoom out, or twice the time', group, run: () => zoomOutOrWiden(Date.now()) },
  { keys: 'a', words: 'Earlier', group, run: () => moveRange(-0.25, Date.now()) },
  { keys: 'd', words: 'Later', group, run: () => moveRange(0.25, Date.now()) },
  { keys: 'A', words: 'Much earlier', group, run: () => moveRange(-1, Date.now()) },
  { keys: 'D', words: 'Much later', group, run: () => moveRange(1, Date.now()) },
  { keys: '0', words: 'Whole range, before all zooms', group, run: () => zoomOutWholly() },
]
