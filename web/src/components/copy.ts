/** Resolves false where the browser forbids the clipboard; the text then stands selected, ready for Ctrl+C. */
export async function copyText(text: string): Promise<boolean> {
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
