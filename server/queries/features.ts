/** What features of proxies cost: requests with one against requests without it, by what their spans tell apart. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { FeatureCost, FeatureCosts, FeatureCostsRequest } from '../api/contract-features.ts'
import { CohortError } from './cohort-filter.ts'
import { readComparison } from './comparison.ts'
import { sentenceOf } from './comparison-words.ts'
import { spansInWindow } from './explore/conditions.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'

const carriedSql = loadSql(import.meta.url, 'features-carried.sql').replaceAll('{{spansInWindow}}', spansInWindow)

type Feature = Pick<FeatureCost, 'id' | 'title' | 'measure' | 'with' | 'without' | 'needs' | 'means'> & {
  /** Attributes of spans that both filters look at; none: facts have it. */
  readonly attributes: readonly string[]
}

/** A feature is a row: how requests with and without it are told apart (docs/compare.md says what to switch on). */
const features: readonly Feature[] = [
  {
    ...{ id: 'mtls', title: 'mTLS', measure: 'added', attributes: ['hopscope.tls'] },
    // Envoy leaves a tag out that has nothing in it: the word before the version is what tells traffic in the clear.
    ...{ with: 'span.hopscope.tls ~ TLSv', without: 'span.hopscope.tls = "tls:", "-"' },
    needs:
      'Envoy: the custom tag hopscope.tls = tls:%DOWNSTREAM_TLS_VERSION%, and some traffic in the clear to compare with.',
    means:
      'Added time of proxies that requests reach by TLS, against the same in the clear. Handshakes count on new connections only.',
  },
  {
    ...{ id: 'coldConnections', title: 'Cold connections', measure: 'added' },
    attributes: ['hopscope.connect_us'],
    ...{
      with: 'span.hopscope.new_connection_us != ""',
      without: 'span.hopscope.connect_us != "" and span.hopscope.new_connection_us = ""',
    },
    needs: 'Envoy: the custom tags hopscope.connect_us and hopscope.new_connection_us (docs/recognition.md).',
    means: 'Added time of requests for which the proxy opened a connection upstream, against those that found one.',
  },
  {
    ...{ id: 'retries', title: 'Retries', measure: 'transit', attributes: [] },
    ...{ with: 'attempts > 1', without: 'attempts = 1' },
    needs:
      'A span an attempt: Envoy spawn_upstream_span, gateways of Istio from 1.28 on by themselves. Without, attempts hide in one span.',
    means:
      'Transit of hops with more than one attempt, failed attempts and back-off included, against hops with one. Requests that are retried are often slow for the same reason, so this is an upper end.',
  },
  {
    ...{ id: 'circuitBreakers', title: 'Circuit breakers', measure: 'overhead', attributes: [] },
    ...{ with: 'responseFlags ~ UO', without: 'responseFlags != "" and responseFlags !~ UO' },
    needs: 'Envoy’s response flags, which it sends by default; KrakenD and others do not say that a breaker was open.',
    means:
      'In-process time of requests that a proxy refused because a breaker was open, against those that it passed on. What a closed breaker costs is in no span: compare two versions of the configuration.',
  },
  {
    ...{ id: 'routingRules', title: 'Routing rules', measure: 'added', attributes: ['hopscope.route'] },
    ...{
      with: 'span.hopscope.route != "" and span.hopscope.route != default',
      without: 'span.hopscope.route = default',
    },
    needs:
      'Envoy and Istio: the custom tag hopscope.route = %ROUTE_NAME%; without a VirtualService Istio calls it “default”.',
    means: 'Added time of requests that a named route was chosen for, against those that took the default one.',
  },
  {
    ...{ id: 'filters', title: 'Filters and plugins', measure: 'added', attributes: ['hopscope.filters'] },
    ...{
      with: 'span.hopscope.filters != "" and span.hopscope.filters != none',
      without: 'span.hopscope.filters = none',
    },
    needs:
      'A literal tag hopscope.filters on the spans of each proxy: “none”, or the names of its filters and plugins. Two versions of a configuration can be compared without it.',
    means: 'Added time of proxies that run the filters, against those that run none.',
  },
]

/** @throws CohortError of the cohort's filter. */
export async function readFeatureCosts(
  clickhouse: ClickHouse,
  { cohort }: FeatureCostsRequest,
  options: QueryOf,
): Promise<FeatureCosts> {
  const keys = [...new Set(features.flatMap(({ attributes }) => attributes))]
  const window = { fromMs: cohort.from, toMs: cohort.to }
  const rows = await clickhouse.query<{ key: string }>(carriedSql, { ...window, keys }, partOf(options, 'carried'))
  const carried = new Set(rows.map(({ key }) => key))
  const items: FeatureCost[] = []
  // One after the other: attributes are looked for in spans, and what six of them read at a time would be taken from all others.
  for (const { attributes, ...feature } of features)
    items.push(
      attributes.every((key) => carried.has(key))
        ? await costOf(clickhouse, feature, cohort, partOf(options, feature.id))
        : { ...feature, state: 'not_told', comparison: null },
    )
  return { items, method }
}

async function costOf(
  clickhouse: ClickHouse,
  feature: Omit<Feature, 'attributes'>,
  { filter, from, to }: FeatureCostsRequest['cohort'],
  options: QueryOf,
): Promise<FeatureCost> {
  const side = (q: string) => ({ filter: { ...filter, q: filter.q ? `${filter.q} and ${q}` : q }, from, to })
  const asked = { a: side(feature.without), b: side(feature.with), measure: feature.measure }
  try {
    const comparison = await readComparison(clickhouse, { ...asked, matchRoutes: true, matchLoad: false }, options)
    const { a, b, verdict } = comparison
    const state =
      a.requests + b.requests === 0
        ? 'not_told'
        : Math.min(a.requests, b.requests) === 0
          ? 'one_sided'
          : verdict === 'not_comparable'
            ? 'not_comparable'
            : 'measured'
    const called = {
      ...comparison,
      a: { ...comparison.a, name: `without ${feature.title}` },
      b: { ...comparison.b, name: `with ${feature.title}` },
    }
    return { ...feature, state, comparison: { ...called, sentence: sentenceOf(called) } }
  } catch (error) {
    // Of both sides the filter begins with the cohort's own.
    if (error instanceof CohortError) throw error.of('cohort')
    throw error
  }
}

const method =
  'Each feature is a comparison: requests whose spans say that they had it (B) against those whose spans say that they had not (A), like for like by route, caller, callee and zone, with the intervals of Compare. Nobody drew lots who has it: what else differs between the two is in the effect too. What spans do not say is not measured, not zero.'
