-- Traversals of one proxy whose added time, or requests of one hop whose transit, is each quantile of the population of one level: the newest of equals.
-- Read once, by value: what planning to read a table again takes is more than the reading.
-- Weights are counted in sixteenths: of a weight of 1.5 the quantile is no other for that.
-- Current revision only: facts that were replaced are there again with sign -1.
WITH current AS (
  SELECT trace_id, start, assumeNotNull(ifNull({{value}}, {{value}}_hi)) AS value,
    toUInt64(round(16 * if(bitAnd(flags, 131072) != 0, 1, weight))) AS weight
  FROM {{table}}
  WHERE {{key}} = {id:UInt64} AND {{value}}_fidelity = {fidelity:String} AND sign = 1
    AND ifNull({{value}}, {{value}}_hi) IS NOT NULL
    AND (trace_id, revision) NOT IN (SELECT trace_id, revision FROM {{table}} WHERE {{key}} = {id:UInt64} AND sign = -1)
    AND toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
)
SELECT
  q, lower(hex(found.2)) AS traceId, toString(toUnixTimestamp64Nano(found.1)) AS startUnixNano, toFloat64(edge) AS ns
FROM (
  SELECT
    sum(count) AS n, groupArray(value) AS of, groupArray(newest) AS requests,
    quantilesExactWeighted(0.5, 0.9, 0.95, 0.99)(value, weight) AS edges
  FROM (
    SELECT value, sum(current.weight) AS weight, count() AS count, max((start, trace_id)) AS newest
    FROM current
    GROUP BY value
  )
)
ARRAY JOIN [0.5, 0.9, 0.95, 0.99] AS q, edges AS edge, arrayMap(ns -> requests[indexOf(of, ns)], edges) AS found
WHERE n * (1 - q) > 0.999
ORDER BY q
