import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import { factTables, retract, type FactsOfTrace } from '../queries/finaliser/facts.ts'
import type { JobResult } from './analyse-job.ts'
import { intoLearned, learnedTableNames } from './learn/rows.ts'
import { intoRollup, rollupTables, type RollupTable } from './rollups/blocks.ts'

/**
 * The one order in which things are written, so that whatever is left after a crash says what to do (docs/adr/0002):
 * names, pages, what was learned, begin, facts, written, rollups, rolled.
 */
export interface Job {
  readonly job: bigint
  /** The request that it is made for, 0 for none. */
  readonly reanalysis?: bigint
  readonly result: JobResult
  /** Facts that the revisions of this job replace. */
  readonly replaced: readonly FactsOfTrace[]
  /** Unix ms; read when the facts are in, just before that is noted. */
  readonly watermarkMs: () => number
}

export interface JobWriter {
  readonly clickhouse: ClickHouse
  /** Who writes: the log of jobs is kept by finaliser. */
  readonly finaliser: string
  /** Told before each step; a test that throws here sees what a crash at this point leaves. */
  readonly onStep: (step: string) => void
}

/** Every statement of a finaliser that writes begins its query id so; `killQueries` finds them by it. */
export const queryPrefix = (finaliser: string): string => `hopscope-finaliser-${finaliser}-`

/** Unix seconds: the `settled_at` of a job's facts is made of its id, so that the rollups know it too. */
export const settledAtOf = (job: bigint): number => Number((job >> 21n) / 1000n)

/** @throws whatever step fails; the caller recovers before it writes another job. */
export async function writeJob(
  writer: JobWriter,
  { job, reanalysis = 0n, result, replaced, watermarkMs }: Job,
): Promise<void> {
  const { clickhouse, finaliser, onStep } = writer
  const options = (what: string) => ({ queryId: `${queryPrefix(finaliser)}${job}-${what}` })
  const insert = async (into: string, block: Uint8Array, table = into) => {
    if (block.length === 0) return
    onStep(table)
    await clickhouse.insertNative(into, [block], { ...options(table), token: `${job}-${table}` })
  }
  const traces = result.written
  const failed = result.failed.length

  await insert('proxy_names', result.blocks.proxyNames)
  await insert('hop_names', result.blocks.hopNames)
  // Nobody looks at one before there are facts of its job.
  await insert('trace_pages', result.pages)
  for (const table of learnedTableNames) await insert(intoLearned(table), result.learned[table], table)
  onStep('begin')
  await note(writer, { job, state: 'begin', watermarkMs: 0, traces })
  for (const table of factTables) await insert(table, result.blocks[table])
  if (replaced.length > 0) {
    onStep('retract')
    await retract(clickhouse, { job, facts: replaced }, options)
  }
  onStep('written')
  await note(writer, { job, state: 'written', watermarkMs: watermarkMs(), traces, reanalysis, failed })
  await rollUpJob(writer, job, traces, result.rollups)
}

/**
 * From `written` to `rolled`: the part of a job that may be run again. One block a table under one token: run again it
 * completes what is missing and doubles nothing, in the rollup and in each target of its views by itself.
 */
export async function rollUpJob(
  { clickhouse, finaliser, onStep }: JobWriter,
  job: bigint,
  traces: number,
  blocks: Record<RollupTable, Uint8Array>,
): Promise<void> {
  for (const table of rollupTables) {
    onStep(table)
    if (blocks[table].length === 0) continue
    const token = `${job}-${table}`
    await clickhouse.insertNative(intoRollup(table), [blocks[table]], {
      queryId: `${queryPrefix(finaliser)}${token}`,
      token,
      settings: rollupSettings,
    })
  }
  onStep('rolled')
  await note({ clickhouse, finaliser, onStep }, { job, state: 'rolled', watermarkMs: 0, traces })
  onStep('done')
}

const rollupSettings = {
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '0',
} as const

const states = { begin: 1, written: 2, rolled: 3 } as const

async function note(
  { clickhouse, finaliser }: JobWriter,
  row: {
    job: bigint
    state: keyof typeof states
    watermarkMs: number
    traces: number
    reanalysis?: bigint
    failed?: number
  },
): Promise<void> {
  const { job, state, watermarkMs, traces, reanalysis = 0n, failed = 0 } = row
  const block = nativeBlock([
    ['job', 'UInt64'],
    ['finaliser', 'LowCardinality(String)'],
    ['state', 'Int8'],
    ['watermark', 'DateTime64(3)'],
    ['traces', 'UInt32'],
    ['reanalysis', 'UInt64'],
    ['failed', 'UInt32'],
  ])
  block.push({ job, finaliser, state: states[state], watermark: Math.floor(watermarkMs), traces, reanalysis, failed })
  const into = 'jobs (job, finaliser, state, watermark, traces, reanalysis, failed)'
  const what = `${job}-${state}`
  await clickhouse.insertNative(into, [block.toBytes()], { queryId: `${queryPrefix(finaliser)}${what}`, token: what })
}
