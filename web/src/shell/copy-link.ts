import { copySaying } from '../components/copy.ts'
import type { Command } from './commands.svelte.ts'

/** The address is the state of the page, so copying it is sharing the view. */
export const copyLinkCommand: Command = {
  words: 'Copy link',
  group: 'Copy',
  keys: 'y',
  run: () => copySaying('Link', window.location.href),
}
