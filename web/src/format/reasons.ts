/** Why a number is missing or not exact, in words. Keys: flags of algorithms.md D9 in lower case, and what the API refuses. */
const words: Record<string, string> = {
  skew_unknown: 'the clocks of the two machines cannot be compared',
  skew_wide: 'the clocks of the two machines are known only roughly',
  skew_modeled: 'no clock offset is known; durations are unaffected',
  neg_gap: 'the spans contradict each other by more than their clocks explain',
  child_outlives: 'what was called ended after its caller; the rest is cut off',
  missing_parent: 'a parent span has not arrived',
  missing_callee: 'the callee sent no span',
  single_span_proxy: 'the proxy sends one span: its own work and the wire behind it cannot be told apart',
  tight_upper: 'the callee is on the same machine: the bound holds only the loopback besides',
  retry_or_hedge: 'more than one attempt; failed ones are not counted as own time',
  coarse_clock: 'durations come in whole milliseconds',
  no_root: 'the root span is missing',
  multi_root: 'more than one root',
  dup_span_id: 'two spans with the same id',
  truncated: 'cut at the size limit',
  late_revision: 'spans came after the first analysis',
  weight_unknown: 'sampled by an unknown rate: figures are of what was stored',
  local_reply: 'the proxy answered by itself',
  streaming: 'a stream: its time is not that of a request',
  neg_duration: 'a span ends before it starts',
  cycle: 'spans name each other as parents',
  detached_async: 'a span nobody waited for',
  modeled: 'an estimate: the callee’s wake-up stands in for the proxy’s own',
  censored: 'slightly negative within the tolerance, counted as zero',
  sampled_out: 'somebody further on did not sample the request',
  open_upper: 'no span before the proxy shows when the request was sent',
  closed_loop_suspect: 'the load generator waits for answers, which hides stalls',
}

const refusals: Record<string, (quantile: string) => string> = {
  few_samples: (quantile) => `too few requests for ${quantile}`,
  low_coverage: (quantile) => `too many unknown for ${quantile}`,
  weight_unknown: (quantile) =>
    `no ${quantile}: some were sampled by a rate nobody told, and count for nobody knows how many`,
}

export function reasonInWords(flag: string): string {
  const refused = /^(p\d+|mean)_(few_samples|low_coverage|weight_unknown)$/.exec(flag)
  if (refused) {
    const [, what, why] = refused as unknown as [string, string, string]
    return refusals[why]!(what === 'p999' ? 'p99.9' : what === 'mean' ? 'a mean' : what)
  }
  return words[flag] ?? flag.replaceAll('_', ' ')
}

/** As a sentence of its own: `Somebody further on did not sample the request.` */
export function reasonSentence(flag: string): string {
  const text = reasonInWords(flag)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
