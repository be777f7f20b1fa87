/**
 * The trace id in what somebody pasted: the id alone, a W3C `traceparent`, a log line, a link into another tool. null when
 * there is none, or more than one.
 */
export function traceIdIn(text: string): string | null {
  const found = new Set(text.toLowerCase().match(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g))
  found.delete('0'.repeat(32))
  const [id] = found
  return id !== undefined && found.size === 1 ? id : null
}
