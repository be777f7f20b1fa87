/**
 * What can be done here and now, as data: the shell and each screen register their commands, and from that one list come keys
 * (`keys.ts`), the palette, the `?` sheet, menus and the titles of buttons. Group and words name a command: no two are alike.
 */
import { keySet } from './preferences.svelte.ts'

export interface Command {
  readonly words: string
  /** Heads the command on the sheet and in the palette. */
  readonly group: string
  /**
   * `r`, `?`, `Escape`, a sequence `g o`, with the control or command key `Ctrl+k`, with Shift where that types nothing else
   * `Shift+ArrowUp`; several ways are parted by `|`. Letters as typed: `E` is Shift+e.
   */
  readonly keys?: string
  /** In place of `keys` for those who chose Jaeger's keys; '' for none. */
  readonly jaeger?: string
  /** Quiet, behind the words, where there are no keys: `curl`. */
  readonly detail?: string
  /** Of a switch: whether it is on. */
  readonly isOn?: () => boolean
  /** On or off by itself, not one of several: its menu stays open. */
  readonly isAlone?: boolean
  /** false: nothing was done, let the next one have the key. From palette and menus the event has the key and no target. */
  readonly run: (event: KeyboardEvent) => unknown
}

/** A list each caller. Not reactive: where one component takes another's place, the end of the old one would read what was before the new one. */
let lists: readonly (readonly Command[])[] = []
let registered = $state.raw<readonly Command[]>([])

/** Call while a component is set up; the commands are gone when it is. Later ones come first. @param of reactive as a function. */
export function useCommands(of: readonly Command[] | (() => readonly Command[])): void {
  const keep = (kept: typeof lists) => {
    lists = kept
    registered = kept.flat()
  }
  $effect.pre(() => {
    const list = [...(typeof of === 'function' ? of() : of)]
    keep([list, ...lists])
    return () => keep(lists.filter((other) => other !== list))
  })
}

const chosen = $derived(keySet() === 'jaeger' ? registered.map(asInJaeger) : registered)

function asInJaeger(command: Command): Command {
  if (command.jaeger === undefined) return command
  const { keys: _, jaeger, ...rest } = command
  return jaeger === '' ? rest : { ...rest, keys: jaeger }
}

/** Reactive, the newest first, with the keys of the set that the reader chose. */
export function commands(): readonly Command[] {
  return chosen
}

/** As if its key had been pressed on nothing in particular. */
export function runCommand({ keys, run }: Command): void {
  run(new KeyboardEvent('keydown', { key: waysOf(keys)[0]?.split(' ').at(-1) ?? '' }))
}

const isMac = /^(Mac|iP)/.test(navigator.platform)
const names: Readonly<Record<string, string>> = {
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  ...{ PageDown: 'PgDn', PageUp: 'PgUp' },
}

/** Each way to give a command by keys: `['d', 'ArrowRight']`. */
export const waysOf = (keys: string | undefined): string[] => keys?.split('|') ?? []

/** What is printed on the keys of the first way, one after the other: `['g', 'o']`. */
export function keysInWords(keys: string): string[] {
  return (waysOf(keys)[0] ?? '').split(' ').map(keyInWords)
}

function keyInWords(key: string): string {
  const control = /^Ctrl\+(.+)$/.exec(key)?.[1]
  if (control) return `${isMac ? '⌘' : 'Ctrl'} ${control.toUpperCase()}`
  const shifted = /^Shift\+(.+)$/.exec(key)?.[1]
  return shifted ? `⇧ ${keyInWords(shifted)}` : (names[key] ?? key)
}

/** For titles of buttons: `Refresh (r)`. */
export function titleOf({ words, keys }: Command): string {
  return keys === undefined ? words : `${words} (${keysInWords(keys).join(' ')})`
}
