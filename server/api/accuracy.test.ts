import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { markdownOf, tables, withSection } from '../../bench/accuracy/report.ts'
import { ANALYSIS_VERSION } from '../analysis/analyse.ts'
import { readAccuracy } from './accuracy.ts'

/** `npm run accuracy -- --write` mends all of these. */
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('what is told about accuracy', () => {
  const accuracy = readAccuracy()

  it('is about this version of the analysis and of hopscope', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    expect([accuracy.analysisVersion, accuracy.version]).toEqual([ANALYSIS_VERSION, version])
  })

  it('is the same in docs/accuracy.md', () => {
    const page = read('docs/accuracy.md')
    expect(page).toBe(withSection(page, markdownOf(accuracy)))
  })

  it('has something for every table, and no bound is broken', () => {
    for (const [source, measure] of tables)
      expect(accuracy.rows.filter((row) => row.source === source && row.measure === measure).length).toBeGreaterThan(3)
    expect(accuracy.bounds.length).toBeGreaterThan(40)
    expect(accuracy.bounds.filter(({ ok }) => !ok)).toEqual([])
  })
})
