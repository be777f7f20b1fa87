-- What the last hour's requests say about an edge (a proxy or application, and what it calls): `traced`, its callee leaves spans;
-- `sampled`, not of every request; `external`, none. See 0004_learned.sql for job and window.
CREATE TABLE edge_callees (
  job UInt64,
  learned_at DateTime('UTC'),
  window DateTime64(3, 'UTC'),
  edge String,
  asked UInt32,
  answered UInt32,
  callee LowCardinality(String)
) ENGINE = MergeTree
ORDER BY (edge, window, job)
TTL learned_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;
