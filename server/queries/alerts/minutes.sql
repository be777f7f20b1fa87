,
-- Bucket keys of p50 and p95 of every minute of every series, of what was stored (whatever its sampling weights: minutes of one series are
-- compared with each other only). Counts of 0 are what retractions left behind.
merged AS (
  SELECT kind, metric, id, fidelity, time, toUInt32(greatest(0, sum(n))) AS count, sumMap(hist) AS hist
  FROM rollup
  WHERE fidelity != 'unknown'
  GROUP BY kind, metric, id, fidelity, time
  HAVING count > 0
)
SELECT
  kind, metric, toString(id) AS id, fidelity, toUInt32(time) AS seconds, count AS n,
  mapKeys(hist)[arrayFirstIndex(c -> c >= greatest(1, ceil(0.5 * count)), cumulative)] AS p50,
  mapKeys(hist)[arrayFirstIndex(c -> c >= greatest(1, ceil(0.95 * count)), cumulative)] AS p95
FROM (SELECT *, arrayCumSum(mapValues(hist)) AS cumulative FROM merged)
