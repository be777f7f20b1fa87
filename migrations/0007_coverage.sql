-- The coverage ledger: of the requests of each proxy and hop, how many showed a layer (`layer:…`) or carry a flag of
-- algorithms.md D9 (`flag:…`, what was lost and why). `requests` is all of them. Additive, retractable.
CREATE TABLE coverage_1m (
  kind LowCardinality(String),
  id UInt64,
  what LowCardinality(String),
  time DateTime('UTC'),
  requests SimpleAggregateFunction(sum, Int64)
) ENGINE = AggregatingMergeTree
ORDER BY (kind, id, time, what)
TTL time + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE coverage_1h AS coverage_1m
ENGINE = AggregatingMergeTree
ORDER BY (kind, id, time, what)
TTL time + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW coverage_1h_mv TO coverage_1h AS
SELECT kind, id, what, toStartOfHour(time) AS time, sum(requests) AS requests
FROM coverage_1m
GROUP BY kind, id, what, time;
