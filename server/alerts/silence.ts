import type { SilenceMatcher } from '../api/contract-alerts.ts'
import { fingerprintOf } from './alert-json.ts'
import type { AlertRecord } from './book.ts'

/** Whether a silence is of an alert: all that it names must hold. `*` in a name stands for anything, upper and lower case are the same. */
export function matches(
  { rule, fingerprint, series, labels = {} }: SilenceMatcher,
  record: Pick<AlertRecord, 'ruleId' | 'series' | 'labels'>,
): boolean {
  return (
    (rule === undefined || rule === record.ruleId) &&
    (fingerprint === undefined || fingerprint === fingerprintOf(record.series)) &&
    (series === undefined || isLike(record.series.name, series)) &&
    Object.entries(labels).every(([name, value]) => Object.hasOwn(record.labels, name) && record.labels[name] === value)
  )
}

/** Without a regular expression: a pattern of many stars would take for ever. */
function isLike(name: string, pattern: string): boolean {
  const text = name.toLowerCase()
  const [first = '', ...parts] = pattern.toLowerCase().split('*')
  if (parts.length === 0) return text === first
  const last = parts.pop()!
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of parts) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
