import { say } from '../shell/toast.svelte.ts'

/** Resolves false where the browser forbids the clipboard; the text then stands selected, ready for Ctrl+C. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.readOnly = true
    field.setAttribute('aria-label', 'Text to copy')
    field.style.cssText = 'position:fixed;bottom:64px;left:16px;width:min(420px,90vw);height:48px;z-index:90'
    document.body.append(field)
    field.select()
    field.addEventListener('blur', () => field.remove())
    return false
  }
}

/** Copies, and says what was copied. */
export async function copySaying(what: string, text: string): Promise<void> {
  say((await copyText(text)) ? `${what} copied` : `${what} selected: press Ctrl+C`)
}
