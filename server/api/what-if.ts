import type { Router } from 'express'
import type { AnalysisSettings } from '../analysis/types.ts'
import { readQuestion } from '../queries/what-if/what-if.ts'
import { askFor } from './ask.ts'
import { askedByPost } from './asked-by-post.ts'
import { WhatIfRequest, type WhatIf } from './contract-what-if.ts'
import { checked } from './problem.ts'
import type { Retimer } from './what-if-process.ts'

export interface WhatIfOptions {
  readonly clickhouseUrl: string
  readonly settings: AnalysisSettings
  readonly retimer: Retimer
}

/** `/what-if`. */
export const whatIfRouter = ({ clickhouseUrl, settings, retimer }: WhatIfOptions): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(WhatIfRequest, request.body)
    // What is wrong with a question is told without a process for it.
    readQuestion(asked)
    const { networkRttNs, rules = [] } = settings
    const { signal, queryId } = askFor(request, response)
    const order = { clickhouseUrl, asked, settings: { networkRttNs, rules }, queryId }
    response.json((await retimer.run(order, signal)) satisfies WhatIf)
  })
