import { randomBytes } from 'node:crypto'
import type { Written } from './documents.ts'

/** 16 hex digits. */
export const newId = (): string => randomBytes(8).toString('hex')

/** Who did what to what. @param detail what it is afterwards, without secrets. */
export const auditOf = (
  { by, what, id, name }: { by: string; what: string; id: string; name: string },
  detail: unknown,
  atMs: number,
): Written => ({
  ...{ kind: 'audit', about: id, id: `${atMs}-${newId()}`, revision: atMs, atMs, state: what.slice(0, 64) },
  body: { by, what, name, detail: JSON.stringify(detail).slice(0, 20_000) },
})
