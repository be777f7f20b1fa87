/** Tables whose rows a finaliser makes, for tests that begin empty or compare all of them. */
export const facts = ['traces', 'hops', 'proxies'] as const
export const rollups = [
  ...['rollup_1m', 'rollup_5m', 'rollup_1h', 'rollup_1d'],
  ...['rollup_class_1m', 'rollup_class_1h', 'coverage_1m', 'coverage_1h'],
]
export const names = ['proxy_names', 'hop_names', 'instances_1h']
export const learned = ['clock_offsets', 'wire_times', 'edge_callees', 'emitters']
/** All that follows from spans. */
export const derived = [...facts, 'jobs', ...rollups, ...names, ...learned]
