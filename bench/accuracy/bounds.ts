import type { AccuracyBound, AccuracySource } from '../../server/api/contract-accuracy.ts'
import type { ScenarioResult } from './generated.ts'
import { groupBy } from '../../server/statistics/group-by.ts'
import { holds, isBeforeNode, isClaimed, median, share, type Judged } from './judged.ts'
import { toleranceNs } from '../truth.ts'
import type { RecordedClaim, RecordedResult } from './recorded.ts'

/** A share that must be reached, or a count or a time that must not be passed. */
type Limit = { readonly atLeast: number } | { readonly atMost: number; readonly unit: '' | ' µs' | ' %' }

const percent = (value: number) => `${(100 * value).toFixed(2).replace(/\.?0+$/, '')} %`

function bound(source: AccuracySource, name: string, value: number, limit: Limit, of = ''): AccuracyBound {
  const more = of && ` of ${of}`
  if ('atLeast' in limit)
    return {
      source,
      name,
      limit: `≥ ${percent(limit.atLeast)}`,
      measured: percent(value) + more,
      ok: value >= limit.atLeast,
    }
  const { atMost, unit } = limit
  const measured = unit === ' %' ? `${value.toFixed(1)} %` : `${Math.round(value)}${unit}`
  return {
    source,
    name,
    limit: atMost === 0 ? 'none' : `≤ ${atMost}${unit}`,
    measured: measured + more,
    ok: value <= atMost,
  }
}

const none = { atMost: 0, unit: '' } as const
const heldBy = (claims: readonly Judged[]) => share(claims.filter(holds).length, claims.length)
const us = (ns: number | null) => (ns === null ? NaN : ns / 1000)

export function recordedBounds(result: RecordedResult, findings: { found: number; of: number }): AccuracyBound[] {
  const { judged, wrong, skewed, blame, traces } = result
  const line = (name: string, value: number, limit: Limit, of = '') => bound('recorded', name, value, limit, of)
  const claimed = judged.filter(isClaimed)
  const inProcess = claimed.filter(({ measure }) => measure === 'overhead')
  const added = claimed.filter(({ measure }) => measure === 'added')
  const aboveTruth = (value: (one: Judged) => number | null) =>
    inProcess.filter((one) => (value(one) ?? 0) > one.atMostNs! + toleranceNs).length
  const logged = inProcess.filter(({ fidelity, logNs }) => fidelity === 'exact' && logNs !== null)
  const before = (emitters: RegExp) => added.filter(({ before }) => before !== '' && emitters.test(before))
  const others = before(/^(?!.*node)/)
  const node = before(/node/)
  return [
    line(
      'exact or least in-process time above the packets',
      aboveTruth(({ loNs }) => loNs),
      none,
      `${inProcess.length}`,
    ),
    line(
      'in-process time, estimates too, at most what packets show (+ 50 µs)',
      1 -
        share(
          aboveTruth(({ ns, loNs }) => ns ?? loNs),
          inProcess.length,
        ),
      { atLeast: 0.995 },
      `${inProcess.length}`,
    ),
    line(
      "exact in-process time and Envoy's access log, median distance",
      us(median(logged.map(({ ns, logNs }) => Math.abs(ns! - logNs!)))),
      { atMost: 100, unit: ' µs' },
    ),
    line(
      'added time holds the packets, before Envoy, KrakenD, Go, Flask',
      heldBy(others),
      { atLeast: 0.995 },
      `${others.length}`,
    ),
    line('added time holds the packets, before Node', heldBy(node), { atLeast: 0.98 }, `${node.length}`),
    ...estimates(added).map(([name, off, n]) => line(name, off, { atMost: 20, unit: ' %' }, `${n}`)),
    line(
      'estimates of added time before Flask',
      added.filter(({ ns, before }) => ns !== null && /flask/.test(before)).length,
      none,
    ),
    line('values called exact without two spans, events or tags', wrong.exact.length, none),
    line(
      'upper bound of in-process time holds the access log, before Node (leaves out how late Node ends)',
      late(inProcess),
      { atLeast: 0.8 },
    ),
    line('durations of s10-skew that are not those of its original', skewed.different, none, `${skewed.traces}`),
    line(
      'blame of a delay goes to who had it',
      share(blame.right, blame.requests),
      { atLeast: 0.95 },
      `${blame.requests}`,
    ),
    line(
      'findings of the recordings that are found',
      share(findings.found, findings.of),
      { atLeast: 1 },
      `${findings.of}`,
    ),
    line('critical paths that do not sum to the duration', wrong.paths.length, none, `${traces}`),
    line('proxies taken for another', wrong.roles.length, none),
  ]
}

/** How far the median estimate of a kind of proxy lies from the packets' median, %. */
function estimates(added: readonly RecordedClaim[]): [name: string, percent: number, n: number][] {
  const estimated = added.filter(({ ns }) => ns !== null)
  return [...groupBy(estimated, ({ family, sends, before }) => `${family}, ${sends}, before ${before}`)]
    .filter(([, all]) => all.length >= 50)
    .map(([name, all]) => {
      const truth = median(all.map(({ truthNs }) => truthNs!))!
      return [
        `median estimate of added time: ${name}`,
        Math.abs(100 * (median(all.map(({ ns }) => ns!))! / truth - 1)),
        all.length,
      ]
    })
}

/** Share of upper bounds that are right although a SERVER span of Node ends after its answer has left. */
const late = (claims: readonly Judged[]) => {
  const single = claims.filter((one) => one.fidelity === 'bounded' && one.truthNs !== null && isBeforeNode(one))
  return heldBy(single)
}

const lossy = /lost/

export function generatedBounds(results: readonly ScenarioResult[]): AccuracyBound[] {
  const line = (name: string, value: number, limit: Limit, of = '') => bound('generated', name, value, limit, of)
  const clocks = (name: string) => results.find(({ scenario }) => scenario.name === name)!.clocks
  const offsets = (name: string, atMost: number) =>
    line(
      `clock offset, median error: ${name}`,
      us(median(clocks(name).errors)),
      { atMost, unit: ' µs' },
      `${clocks(name).errors.length}`,
    )
  const drift = clocks('clocks drift and step')
  const paths = results.map((result) => result.paths)
  const compared = paths.reduce((sum, one) => sum + one.compared, 0)
  return [
    offsets('clocks apart', 10),
    offsets('clocks apart, 5 % bad samples', 60),
    line(
      'time for which a clock offset is said that holds the truth, while a clock drifts by 0.2 ppm and one is set',
      share(drift.insideMs, drift.saidMs),
      { atLeast: 0.98 },
      `${Math.round(drift.saidMs / 60_000)} min`,
    ),
    line(
      'critical paths that differ from what happened',
      paths.reduce((sum, one) => sum + one.wrong, 0),
      none,
      `${compared}`,
    ),
    ...results.flatMap((result) => ofScenario(result, line)),
  ]
}

type Line = (name: string, value: number, limit: Limit, of?: string) => AccuracyBound

function ofScenario({ scenario, judged, legs, miscounted, weights }: ScenarioResult, line: Line): AccuracyBound[] {
  const { name } = scenario
  const claimed = [...judged, ...legs].filter(isClaimed)
  const exact = claimed.filter(({ fidelity }) => fidelity === 'exact')
  const isLate = (one: Judged) => one.measure === 'overhead' && isBeforeNode(one)
  const bounded = claimed.filter((one) => one.fidelity !== 'exact' && !isLate(one))
  const exactShare = share(
    exact.filter((one) => Math.abs(one.ns! - one.truthNs!) <= one.toleranceNs).length,
    exact.length,
  )
  return [
    // What is lost without a trace of it nobody can miss.
    line(`${name}: exact values are exact`, exactShare, { atLeast: lossy.test(name) ? 0.99 : 1 }, `${exact.length}`),
    line(`${name}: bounds hold the truth`, heldBy(bounded), { atLeast: 0.995 }, `${bounded.length}`),
    line(`${name}: facts not counted exactly once`, miscounted.facts + miscounted.api, none),
    ...(scenario.weight === 1
      ? []
      : [
          line(`${name}: weights that are wrong`, weights.wrong, none),
          line(
            `${name}: sum of the weights beside the requests`,
            Math.abs(100 * (weights.sum / scenario.requests - 1)),
            // Four standard deviations of a fair draw.
            { atMost: Math.round(400 * Math.sqrt((scenario.weight - 1) / scenario.requests)), unit: ' %' },
          ),
        ]),
  ]
}
