/** What can be done everywhere. */
import { refreshAll } from '../api/resource.svelte.ts'
import { offered } from '../routes.ts'
import { pickCell } from '../components/pick-cell.ts'
import { relativeRanges } from '../time/range.ts'
import { toggleComparing } from '../time/before.svelte.ts'
import { chooseRange, freezeRange, range, zoomOut } from '../time/range.svelte.ts'
import { navigate } from '../url/router.svelte.ts'
import { linkTo } from '../url/state.svelte.ts'
import type { Command } from './commands.svelte.ts'
import { copyLinkCommand } from './copy-link.ts'
import { layoutCommands } from './layout.svelte.ts'
import { everyInWords, intervalsMs, liveEvery, setLive, toggleLive } from './live.svelte.ts'
import { keySet, setKeySet, setTheme, setZone, theme, zone, type Theme } from './preferences.svelte.ts'

const goTo: readonly Command[] = offered.map(({ pattern, nav }) => ({
  words: nav?.text ?? pattern,
  group: 'Go to',
  ...(nav && { keys: `g ${nav.key}` }),
  run: () => navigate(linkTo(pattern), 'push'),
}))
const goFurther: readonly Command[] = [
  { words: 'What if', group: 'Go to', run: () => navigate(linkTo('/what-if'), 'push') },
  { words: 'Claims: what others say', group: 'Go to', run: () => navigate(linkTo('/claims'), 'push') },
]

export const refreshCommand: Command = { words: 'Refresh', group: 'Everywhere', keys: 'r', run: refreshAll }
export const liveCommand: Command = {
  words: 'Live: refresh by itself, on and off',
  group: 'Everywhere',
  keys: 'l',
  run: toggleLive,
}
/** Offered by the screens that obey it. */
export const compareCommand: Command = {
  words: 'Compare with the period before, on and off',
  group: 'Everywhere',
  keys: 'p',
  run: toggleComparing,
}
export const zoomOutCommand: Command = { words: 'Zoom out', group: 'Everywhere', keys: 'Escape', run: () => zoomOut() }

export const liveCommands: readonly Command[] = [0, ...intervalsMs].map((everyMs) => ({
  words: everyMs === 0 ? 'Live: off' : `Live: every ${everyInWords(everyMs)}`,
  group: 'Live',
  isOn: () => liveEvery() === everyMs,
  run: () => setLive(everyMs),
}))

const rangeCommands: readonly Command[] = [
  ...relativeRanges.map(({ from, words }) => ({
    words,
    group: 'Time',
    isOn: () => range().from === from && range().to === 'now',
    run: () => chooseRange({ from, to: 'now' }),
  })),
  { words: 'Freeze: make the ends absolute, for sharing', group: 'Time', run: () => freezeRange(Date.now()) },
  { words: 'Times in UTC', group: 'Time', isOn: () => zone() === 'UTC', run: () => setZone('UTC') },
  { words: 'Times in local time', group: 'Time', isOn: () => zone() === 'local', run: () => setZone('local') },
]

const themes: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' }

export const themeCommands: readonly Command[] = (Object.keys(themes) as Theme[]).map((each) => ({
  words: `Theme: ${themes[each]}`,
  group: 'Theme',
  isOn: () => theme() === each,
  run: () => setTheme(each),
}))

export const keySets = [
  { value: 'hopscope', text: 'hopscope' },
  { value: 'jaeger', text: 'Jaeger' },
] as const

const keySetCommands: readonly Command[] = keySets.map(({ value, text }) => ({
  words: `Keys: as in ${text}`,
  group: 'Keys',
  isOn: () => keySet() === value,
  run: () => setKeySet(value),
}))

interface Parts {
  openRange: () => void
  openPalette: () => void
  openSheet: () => void
}

export function shellCommands({ openRange, openPalette, openSheet }: Parts): Command[] {
  const group = 'Everywhere'
  return [
    ...goTo,
    ...goFurther,
    { words: 'Find anything, do anything', group, keys: 'Ctrl+k', run: openPalette },
    { words: 'Time range', group, keys: 't', run: openRange },
    refreshCommand,
    liveCommand,
    zoomOutCommand,
    { words: 'All keys', group, keys: '?', run: openSheet },
    copyLinkCommand,
    { words: 'Copy a value of a table', group: 'Copy', keys: 'Y', run: pickCell },
    ...liveCommands,
    ...rangeCommands,
    ...themeCommands,
    ...layoutCommands,
    ...keySetCommands,
  ]
}
