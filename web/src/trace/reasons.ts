/** Why a number is not exact, in words. Keys are the flags of algorithms.md D9 in lower case, as the API sends them. */
const words: Record<string, string> = {
  skew_unknown: 'The clocks of the two machines cannot be compared.',
  skew_wide: 'The clocks of the two machines are known only roughly.',
  skew_modeled: 'No clock offset is known: the span is drawn in the middle of its parent. Durations are unaffected.',
  neg_gap: 'The spans contradict each other by more than their clocks explain.',
  child_outlives: 'What was called ended after the span that called it; the rest is cut off.',
  detached_async: 'Nobody waited for this span: it is not on the critical path.',
  missing_parent: 'The span names a parent that has not arrived.',
  missing_callee: 'The callee sent no span for this request, although it usually does.',
  single_span_proxy: 'The proxy sends one span, so its own work and the wire behind it cannot be told apart.',
  tight_upper: 'The callee is on the same machine: the bound holds only the loopback besides.',
  retry_or_hedge: 'More than one attempt: failed attempts and back-off are not counted as the proxy’s own time.',
  coarse_clock: 'The emitter’s durations come in whole milliseconds.',
  no_root: 'The root span is missing.',
  multi_root: 'The trace has more than one root.',
  dup_span_id: 'Two spans came with the same id.',
  truncated: 'The trace was cut at the size limit.',
  late_revision: 'Spans came after the first analysis; this is the revised number.',
  weight_unknown: 'Sampled by an unknown rate.',
  local_reply: 'The proxy answered by itself: its whole duration is its own.',
  streaming: 'A stream: its time is not the time of a request.',
  neg_duration: 'The span ends before it starts.',
  cycle: 'Spans name each other as parents.',
  modeled: 'An estimate: the callee’s wake-up stands in for the proxy’s own.',
  closed_loop_suspect: 'The load generator waits for answers, which hides stalls.',
  censored: 'The difference was slightly negative, within the tolerance: counted as zero.',
  sampled_out: 'Somebody further on did not sample this request.',
  open_upper: 'No span before the proxy shows when the request was sent: there is no upper bound.',
}

export function reasonInWords(flag: string): string {
  return words[flag] ?? flag.replaceAll('_', ' ')
}
