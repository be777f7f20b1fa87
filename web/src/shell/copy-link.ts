import { copyText } from '../components/copy.ts'
import { say } from './toast.svelte.ts'

/** The address is the state of the page, so copying it is sharing the view. */
export async function copyLink(): Promise<void> {
  say((await copyText(window.location.href)) ? 'Link copied' : 'Link selected: press Ctrl+C')
}
