/**
 * What can be done here and now, as data: the shell and each screen register their commands, and from that one list come keys
 * (`keys.ts`), the palette, the `?` sheet, menus and the titles of buttons. Group and words name a command: no two are alike.
 */
import { untrack } from 'svelte'

export interface Command {
  readonly words: string
  /** Heads the command on the sheet and in the palette. */
  readonly group: string
  /** `r`, `?`, `Escape`, a sequence `g o`, or with the control or command key `Ctrl+k`. Letters as typed: `E` is Shift+e. */
  readonly keys?: string
  /** Quiet, behind the words, where there are no keys: `curl`. */
  readonly detail?: string
  /** Of a switch: whether it is on. */
  readonly isOn?: () => boolean
  /** On or off by itself, not one of several: its menu stays open. */
  readonly isAlone?: boolean
  /** false: nothing was done, let the next one have the key. From palette and menus the event has the key and no target. */
  readonly run: (event: KeyboardEvent) => unknown
}

let registered = $state.raw<readonly Command[]>([])

/** Call while a component is set up; the commands are gone when it is. Later ones come first. @param of reactive as a function. */
export function useCommands(of: readonly Command[] | (() => readonly Command[])): void {
  $effect.pre(() => {
    const commands = typeof of === 'function' ? of() : of
    // An effect that reads what it writes would run for ever.
    registered = [...commands, ...untrack(() => registered)]
    return () => (registered = registered.filter((command) => !commands.includes(command)))
  })
}

/** Reactive, the newest first. */
export function commands(): readonly Command[] {
  return registered
}

/** As if its key had been pressed on nothing in particular. */
export function runCommand({ keys, run }: Command): void {
  run(new KeyboardEvent('keydown', { key: keys?.split(' ').at(-1) ?? '' }))
}

const isMac = /^(Mac|iP)/.test(navigator.platform)
const names: Readonly<Record<string, string>> = {
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  ...{ 'Ctrl+k': isMac ? '⌘ K' : 'Ctrl K' },
}

/** What is printed on the keys, one after the other: `['g', 'o']`. */
export function keysInWords(keys: string): string[] {
  return keys.split(' ').map((key) => names[key] ?? key)
}

/** For titles of buttons: `Refresh (r)`. */
export function titleOf({ words, keys }: Command): string {
  return keys === undefined ? words : `${words} (${keysInWords(keys).join(' ')})`
}
