import type { Distribution } from '../../../server/api/contract.ts'
import type { Stat } from './stats.ts'

/** The period before, beside the figures of now. */
export interface Before {
  /** `the hour before` */
  readonly words: string
  /** At the level that is shown of now; undefined: it was not known at that level. Levels are never compared with each other. */
  readonly shown: Distribution | undefined
  readonly stats: readonly Stat[]
}
