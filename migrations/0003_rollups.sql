-- Rollups: log-bucket histograms, 32 buckets an octave, signed keys (algorithms.md section 7), additive, retractable.
-- kind, metric: proxy {added, overhead, requestPath, responsePath, retry}, hop {transit, wire, segment:<class>},
-- trace {endToEnd, meshTax, gatewayTax, class:<class>} with id = the route (sipHash64 of root service and name).
-- fidelity: the level; rows of level unknown have n = 0 and only count requests.
-- Not partitioned: a client may send starts from 1970 to 2262, and an INSERT may touch 100 partitions only.
-- requests counts facts, n those with a finite value at this level, sum and sum_sq are of ns.
CREATE TABLE rollup_1m (
  kind LowCardinality(String),
  metric LowCardinality(String),
  id UInt64,
  fidelity LowCardinality(String),
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  time DateTime('UTC'),
  requests SimpleAggregateFunction(sum, Int64),
  errors SimpleAggregateFunction(sum, Int64),
  n SimpleAggregateFunction(sum, Int64),
  sum SimpleAggregateFunction(sum, Int128),
  sum_sq SimpleAggregateFunction(sum, Int128),
  hist SimpleAggregateFunction(sumMap, Map(Int16, Int64))
) ENGINE = AggregatingMergeTree
ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace)
TTL time + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE rollup_5m AS rollup_1m
ENGINE = AggregatingMergeTree
ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace)
TTL time + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE rollup_1h AS rollup_1m
ENGINE = AggregatingMergeTree
ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace)
TTL time + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW rollup_5m_mv TO rollup_5m AS
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfFiveMinutes(time) AS time,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_1m
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time;

CREATE MATERIALIZED VIEW rollup_1h_mv TO rollup_1h AS
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfHour(time) AS time,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_5m
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time;

-- What a slow request is made of: per class, end-to-end bucket -> ns on the critical path.
CREATE TABLE rollup_class_1m (
  id UInt64,
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  class LowCardinality(String),
  time DateTime('UTC'),
  ns SimpleAggregateFunction(sumMap, Map(Int16, Int64))
) ENGINE = AggregatingMergeTree
ORDER BY (id, class, time, environment, cluster, namespace)
TTL time + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE rollup_class_1h AS rollup_class_1m
ENGINE = AggregatingMergeTree
ORDER BY (id, class, time, environment, cluster, namespace)
TTL time + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW rollup_class_1h_mv TO rollup_class_1h AS
SELECT id, environment, cluster, namespace, class, toStartOfHour(time) AS time, sumMap(ns) AS ns
FROM rollup_class_1m
GROUP BY id, environment, cluster, namespace, class, time;
