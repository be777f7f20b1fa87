/** The tables of Explore as files. */
import type { Differences, GroupList } from '../../../server/api/contract-explore.ts'
import { quantileCells, quantileHeads, type Table } from '../hop/tables.ts'

export function memberTable({ keys }: Differences): Table {
  return {
    name: 'what differs',
    head: [
      'key',
      'value',
      'selection share',
      'others share',
      'n selection',
      'n others',
      'risk ratio',
      'ratio lo',
      'ratio hi',
      'divergence bits',
    ],
    rows: keys.flatMap(({ divergence, values }) =>
      values.map(({ key, value, selection, baseline, n, risk }) => [
        ...[key, value, selection, baseline, n.selection, n.baseline],
        ...[risk.ratio, risk.lo, risk.hi, divergence],
      ]),
    ),
  }
}

export function extraTable({ extraTime }: Differences): Table {
  return {
    name: 'extra time',
    head: [
      'requests with',
      'explained share',
      'explained lo',
      'explained hi',
      'share of requests',
      'lift',
      'score',
      'mean ns',
      'reference ns',
    ],
    rows: extraTime.map(({ terms, explained, explainedLo, explainedHi, share, lift, score, meanNs, referenceNs }) => [
      terms.map(({ key, value }) => `${key} = ${value}`).join(' and '),
      ...[explained, explainedLo, explainedHi, share, lift, score, meanNs, referenceNs],
    ]),
  }
}

export function groupTable({ items, fidelity }: GroupList, by: string): Table {
  return {
    name: `by ${by}`,
    head: [by, 'requests', 'errors', 'level', ...quantileHeads],
    rows: items.map(({ value, requests, errors, distribution }) => [
      ...[value, requests, errors, fidelity, ...quantileCells(distribution)],
    ]),
  }
}
