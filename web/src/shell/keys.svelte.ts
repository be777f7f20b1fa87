/** Keys and what they do: the shell and each screen register theirs, the `?` sheet lists what is registered just then. */
import { untrack } from 'svelte'

export interface Command {
  /** `r`, `?`, `Escape`, or a sequence: `g o`. Letters as typed: `E` is Shift+e. */
  readonly keys: string
  readonly words: string
  /** Heads the command on the sheet. */
  readonly group: string
  /** false: nothing was done, let the next one have the key. */
  readonly run: (event: KeyboardEvent) => unknown
}

let registered = $state.raw<readonly Command[]>([])
/** The first key of a sequence begun. */
let begun = ''
let begunMs = 0
const patienceMs = 1_200

/** Call while a component is set up; the commands are gone when it is. Later ones come first. */
export function useKeys(commands: readonly Command[]): void {
  $effect.pre(() => {
    // An effect that reads what it writes would run for ever.
    registered = [...commands, ...untrack(() => registered)]
    return () => (registered = registered.filter((command) => !commands.includes(command)))
  })
}

/** Reactive: by group, in the order of registration. */
export function commandsByGroup(): [string, Command[]][] {
  const groups: [string, Command[]][] = []
  for (const command of registered) {
    const group = groups.find(([name]) => name === command.group)
    if (group) group[1].push(command)
    else groups.push([command.group, [command]])
  }
  return groups
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
  // A dialog has its own keys.
  if (document.querySelector('dialog[open]')) return
  const sequence = begun && event.timeStamp - begunMs < patienceMs ? `${begun} ${event.key}` : event.key
  begun = ''
  for (const command of registered) {
    if (command.keys !== sequence) continue
    if (command.run(event) === false) continue
    event.preventDefault()
    return
  }
  if (registered.some(({ keys }) => keys.startsWith(`${event.key} `))) {
    begun = event.key
    begunMs = event.timeStamp
  }
}

function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)
}
