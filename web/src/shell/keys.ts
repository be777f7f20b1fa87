/** From keys pressed to commands run. */
import { commands, waysOf } from './commands.svelte.ts'

/** The first key of a sequence begun. */
let begun = ''
let begunMs = 0
const patienceMs = 1_200

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return
  const isControl = event.ctrlKey || event.metaKey
  if (!isControl && isTyping(event)) return
  // A dialog has its own keys.
  if (document.querySelector('dialog[open]')) return
  const key = isControl
    ? `Ctrl+${event.key.toLowerCase()}`
    : event.shiftKey && event.key.length > 1
      ? `Shift+${event.key}`
      : event.key
  const sequence = begun && event.timeStamp - begunMs < patienceMs ? `${begun} ${key}` : key
  begun = ''
  for (const command of commands()) {
    if (!waysOf(command.keys).includes(sequence)) continue
    if (command.run(event) === false) continue
    event.preventDefault()
    return
  }
  if (commands().some(({ keys }) => waysOf(keys).some((way) => way.startsWith(`${key} `)))) {
    begun = key
    begunMs = event.timeStamp
  }
}

function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)
}
