,
-- One row per entity (0: all of a kind that is not kept apart), metric, level, step and sampling weight (1 + extra; -1: not known): counts,
-- and the bucket keys at ranks and at the maximum. The buckets themselves for cells = 2, for cells = 1 of entity 0.
-- A rank is (q, z): ceil(q n) of the n values, z standard deviations of a rank off. Counts of 0 are what retractions
-- left behind.
merged AS (
  SELECT
    if(kind IN {together:Array(String)}, 0, id) AS entity, metric, fidelity,
    {origin:Int64} + intDiv(toUInt32(time) - {origin:Int64}, {step:Int64}) * {step:Int64} AS start, extra,
    sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, toFloat64(sum(sum)) AS total, sumMap(hist) AS hist
  FROM rollup
  WHERE (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY entity, metric, fidelity, start, extra
  HAVING requests > 0
)
SELECT
  entity AS id, metric, fidelity, toUInt32(start) AS startSeconds, extra,
  toFloat64(requests) AS requests, toFloat64(errors) AS errors, toFloat64(n) AS n, total,
  if(
    n > 0,
    arrayMap(
      rank -> mapKeys(hist)[arrayFirstIndex(
        c -> c >= least(n, greatest(1, ceil(rank.1 * n + rank.2 * sqrt(n * rank.1 * (1 - rank.1))))), cumulative
      )],
      arrayZip({quantiles:Array(Float64)}, {deviations:Array(Float64)})
    ),
    []
  ) AS quantileKeys,
  if(n > 0, mapKeys(hist)[arrayFirstIndex(c -> c >= n, cumulative)], NULL) AS maxKey,
  if({cells:UInt8} = 2 OR {cells:UInt8} = 1 AND entity = 0, hist, map()) AS cells
FROM (SELECT *, arrayCumSum(mapValues(hist)) AS cumulative FROM merged)
