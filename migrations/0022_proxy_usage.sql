-- CPU time and memory of processes and containers of proxies, a reading a row, as OpenTelemetry metrics tell them. What is sent again has
-- the same key, and counts once. series: what the reading goes on from, a hash of all that names it. `begun`: of CPU time since when it
-- counts, 0 where that was not said. names: by which the instance of a fact in `proxies` may call it.
CREATE TABLE proxy_usage (
  series UInt64,
  kind Enum8('cpu' = 1, 'memory' = 2),
  source Enum8('container' = 1, 'process' = 2, 'pod' = 3),
  program LowCardinality(String),
  names Array(String),
  temporality Enum8('value' = 0, 'delta' = 1, 'cumulative' = 2),
  begun DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  time DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  value Float64
) ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (kind, toStartOfHour(time), series, time)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1;
