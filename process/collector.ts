import { startCollector, type CollectorOptions } from '../collector/collector.ts'
import { runPart } from './child.ts'

export type CollectorPart = Omit<CollectorOptions, 'log'>

/** The collector's process. */
runPart<CollectorPart>((options, log) => startCollector({ ...options, log }))
