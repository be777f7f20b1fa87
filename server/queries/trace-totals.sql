-- Traces of a window of whole minutes that have a root: how many are stored, and of how many a span on the way is missing; the rest of the
-- population, each trace times its sampling weight (w): counts, hops, time and taxes. A weight that is not known counts once. Projection `totals`
-- of migrations/0026 has all expressions, so that no fact is read. A start that no DateTime holds would be of another minute.
WITH sign * if(bitAnd(flags, 131072) != 0, 1, weight) AS w
SELECT
  toFloat64(sum(toInt64(sign))) AS stored,
  toFloat64(sumIf(toInt64(sign), bitAnd(flags, 64) != 0)) AS missingParent,
  toFloat64(sumIf(toInt64(sign), mesh_estimate IS NOT NULL)) AS meshEstimated,
  toFloat64(sumIf(toInt64(sign), gateway_estimate IS NOT NULL)) AS gatewayEstimated,
  sum(w) AS rooted, sum(w * hop_count) AS hops, sum(w * ifNull(duration, 0)) AS endToEnd,
  sum(w * ifNull(mesh_lower, 0)) AS meshLower, sum(w * ifNull(mesh_upper, 0)) AS meshUpper, sum(w * ifNull(mesh_estimate, 0)) AS meshEstimate,
  sum(w * ifNull(gateway_lower, 0)) AS gatewayLower, sum(w * ifNull(gateway_upper, 0)) AS gatewayUpper, sum(w * ifNull(gateway_estimate, 0)) AS gatewayEstimate
FROM traces
WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND toStartOfMinute(start) < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND NOT if(start < '1970-01-01 00:00:00', 1, start >= '2106-02-07 00:00:00')
  AND NOT (duration IS NULL)
  AND (empty({ids:Array(UInt64)}) OR sipHash64(root_service, root_name) IN {ids:Array(UInt64)})
  AND (empty({environment:String}) OR environment = {environment:String})
  AND (empty({cluster:String}) OR cluster = {cluster:String})
  AND (empty({namespace:String}) OR namespace = {namespace:String})
HAVING stored > 0
