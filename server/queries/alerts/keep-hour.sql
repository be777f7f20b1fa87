-- The same of one hour, kept by minute of the hour.
INSERT INTO alert_minutes (kind, metric, id, fidelity, hour, p50, p95, n)
SETTINGS insert_deduplicate = 1, insert_deduplication_token = {token:String}
WITH merged AS (
  SELECT kind, metric, id, fidelity, time, toUInt32(greatest(0, sum(n))) AS count, sumMap(hist) AS hist
  FROM rollup_1m
  WHERE kind IN ('proxy', 'hop', 'trace') AND metric IN {metrics:Array(String)} AND fidelity != 'unknown'
    AND toStartOfFiveMinutes(time) >= toDateTime({hour:UInt32}, 'UTC') AND toStartOfFiveMinutes(time) < toDateTime({hour:UInt32} + 3600, 'UTC')
  GROUP BY kind, metric, id, fidelity, time
  HAVING count > 0
),
quantiles AS (
  SELECT
    kind, metric, id, fidelity, count, toMinute(time) AS minute, arrayCumSum(mapValues(hist)) AS cumulative,
    mapKeys(hist)[arrayFirstIndex(c -> c >= greatest(1, ceil(0.5 * count)), cumulative)] AS p50,
    mapKeys(hist)[arrayFirstIndex(c -> c >= greatest(1, ceil(0.95 * count)), cumulative)] AS p95
  FROM merged
),
by_series AS (
  SELECT
    kind, metric, id, fidelity, groupArray(minute) AS minutes, groupArray(quantiles.p50) AS a, groupArray(quantiles.p95) AS b,
    groupArray(count) AS c
  FROM quantiles
  GROUP BY kind, metric, id, fidelity
)
SELECT
  kind, metric, id, fidelity, toDateTime({hour:UInt32}, 'UTC') AS hour,
  arrayMap(m -> a[indexOf(minutes, m)], range(60)) AS p50,
  arrayMap(m -> b[indexOf(minutes, m)], range(60)) AS p95,
  arrayMap(m -> c[indexOf(minutes, m)], range(60)) AS n
FROM by_series
