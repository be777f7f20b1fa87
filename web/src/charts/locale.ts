/**
 * uPlot asks for `navigator.language` while it is imported and throws where that is no language tag (`en-US@posix`
 * under LANG=C.UTF-8). Import this first. Nothing here formats by locale, so English will do.
 */
try {
  Intl.NumberFormat.supportedLocalesOf(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true })
}
