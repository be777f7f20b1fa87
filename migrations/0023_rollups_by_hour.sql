-- What screens ask of an hour or a day lies together: sorted by entity first, an hour of all of them was read with all the days around it. Granules
-- are small, because one row is a histogram and of one entity an hour is a few rows.
RESORT TABLE rollup_1m ORDER BY (kind, metric, toStartOfHour(time), id, time, fidelity, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE rollup_5m ORDER BY (kind, metric, toStartOfHour(time), id, time, fidelity, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE rollup_1h ORDER BY (kind, metric, toStartOfDay(time), id, time, fidelity, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE rollup_class_1m ORDER BY (toStartOfHour(time), id, class, time, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE rollup_class_1h ORDER BY (toStartOfDay(time), id, class, time, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE coverage_1m ORDER BY (kind, toStartOfHour(time), id, time, what, service, environment, cluster, namespace, extra) GRANULARITY 1024;
RESORT TABLE coverage_1h ORDER BY (kind, toStartOfDay(time), id, time, what, service, environment, cluster, namespace, extra) GRANULARITY 1024;

-- Facts are sorted by entity; of other days than those asked for no granule is opened. Nor of facts that nothing took back, for what did.
-- Parts of before get both when they are merged.
ALTER TABLE proxies ADD INDEX IF NOT EXISTS start_range start TYPE minmax GRANULARITY 1;
ALTER TABLE hops ADD INDEX IF NOT EXISTS start_range start TYPE minmax GRANULARITY 1;
ALTER TABLE proxies ADD INDEX IF NOT EXISTS sign_range sign TYPE minmax GRANULARITY 1;
ALTER TABLE hops ADD INDEX IF NOT EXISTS sign_range sign TYPE minmax GRANULARITY 1;
ALTER TABLE traces ADD INDEX IF NOT EXISTS sign_range sign TYPE minmax GRANULARITY 1;

-- Which instances of a proxy served requests, by the hour of their starts: first and last are what they are however often a fact is written.
CREATE TABLE IF NOT EXISTS instances_1h (
  proxy_id UInt64,
  instance LowCardinality(String),
  time DateTime('UTC'),
  first SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
  last SimpleAggregateFunction(max, DateTime64(9, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (time, proxy_id, instance)
TTL time + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS instances_mv TO instances_1h AS
SELECT proxy_id, instance, toStartOfHour(start, 'UTC') AS time, min(start) AS first, max(start) AS last
FROM proxies
WHERE sign = 1 AND instance != ''
GROUP BY proxy_id, instance, time;

INSERT INTO instances_1h
SELECT proxy_id, instance, toStartOfHour(start, 'UTC') AS time, min(start) AS first, max(start) AS last
FROM proxies
WHERE sign = 1 AND instance != ''
GROUP BY proxy_id, instance, time;

-- Whole days of a week or a month: of every day one histogram is merged instead of 24. Filled anew when this file is run again.
DROP VIEW IF EXISTS rollup_1d_mv SYNC;
DROP TABLE IF EXISTS rollup_1d SYNC;
CREATE TABLE rollup_1d AS rollup_1h
ENGINE = AggregatingMergeTree
ORDER BY (kind, metric, time, id, fidelity, environment, cluster, namespace, extra)
TTL time + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;
INSERT INTO rollup_1d
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfDay(time) AS time, extra,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_1h
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time, extra;
CREATE MATERIALIZED VIEW rollup_1d_mv TO rollup_1d AS
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfDay(time) AS time, extra,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_1h
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time, extra;
