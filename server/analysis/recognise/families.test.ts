import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dump } from '../../../test/dump.ts'
import { tracesOf, type ExportRequest } from '../../../test/otlp-json.ts'
import { analyseTrace } from '../analyse.ts'
import { families } from './families.ts'

/**
 * One fixture a family, `name of the shape -> OTLP/JSON`, and beside it what the analysis says of each. Read a changed
 * dump before you take it over with `npx vitest run --project unit families -u`.
 */
const folder = new URL('../../../test/fixtures/families/', import.meta.url).pathname
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

const casesOf = (name: string) =>
  Object.entries(JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Record<string, ExportRequest>)
const analyse = (request: ExportRequest) =>
  tracesOf([request]).map((trace) => analyseTrace(trace, { networkRttNs: null }))

describe('families', () => {
  it.each(names)('%s: every shape reads as its dump says', async (name) => {
    const text = casesOf(name).map(([title, request]) => `# ${title}\n${analyse(request).map(dump).join('\n')}\n`)
    await expect(text.join('\n')).toMatchFileSnapshot(`${folder}${name}.txt`)
  })

  it('each have a fixture, and each rule a span that it recognises', () => {
    const used = new Set(
      names.flatMap((name) =>
        casesOf(name).flatMap(([, request]) =>
          analyse(request).flatMap(({ spans }) => spans.map((span) => `${span.proxyFamily} ${span.rule}`)),
        ),
      ),
    )
    const rules = families.flatMap(({ family, rules }) => rules.map(({ id }) => `${family} ${id}`))
    expect(rules.filter((rule) => !used.has(rule))).toEqual([])
  })
})
