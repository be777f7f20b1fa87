-- How the clocks of applications' SDKs show in their spans (algorithms.md 1.3), ns: grid of starts, grid of durations, how late
-- SERVER spans end (NULL: not known). See 0004_learned.sql for job and window.
CREATE TABLE emitters (
  job UInt64,
  learned_at DateTime('UTC'),
  window DateTime64(3, 'UTC'),
  service LowCardinality(String),
  scope LowCardinality(String),
  n UInt32,
  grid Int64,
  coarse Int64,
  slack Nullable(Int64)
) ENGINE = MergeTree
ORDER BY (service, scope, window, job)
TTL learned_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;
