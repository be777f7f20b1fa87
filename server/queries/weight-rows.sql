,
-- One row per entity (0: all of a kind that is not kept apart), metric, level, step and sampling weight (1 + extra; -1: not known): counts and the
-- histogram, in Native: quantiles are read off where it arrives, which here would cost half as much again. Counts of 0 are what retractions left behind.
merged AS (
  SELECT
    if(kind IN {together:Array(String)}, 0, id) AS entity, metric, fidelity,
    {origin:Int64} + intDiv(toUInt32(time) - {origin:Int64}, {step:Int64}) * {step:Int64} AS start, extra,
    sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS total, {{hist}} AS hist
  FROM rollup
  WHERE (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY entity, metric, fidelity, start, extra
  HAVING requests > 0
)
SELECT
  toUInt64(entity) AS id, CAST(metric, 'LowCardinality(String)') AS metric, CAST(fidelity, 'LowCardinality(String)') AS fidelity,
  toUInt32(start) AS startSeconds, toFloat64(extra) AS extra,
  toFloat64(requests) AS requests, toFloat64(errors) AS errors, toFloat64(n) AS n, toFloat64(total) AS total, hist
FROM merged
FORMAT Native
