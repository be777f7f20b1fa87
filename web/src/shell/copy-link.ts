import { copyText } from '../components/copy.ts'
import type { Command } from './commands.svelte.ts'
import { say } from './toast.svelte.ts'

/** The address is the state of the page, so copying it is sharing the view. */
export const copyLinkCommand: Command = {
  words: 'Copy link',
  group: 'Copy',
  keys: 'y',
  run: async () => say((await copyText(window.location.href)) ? 'Link copied' : 'Link selected: press Ctrl+C'),
}
