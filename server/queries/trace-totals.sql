-- Whole traces of a window by their flags: counts, hops, time and taxes of those that have a root.
SELECT
  flags,
  toFloat64(sum(toInt64(sign))) AS traces, toFloat64(sumIf(toInt64(sign), duration IS NOT NULL)) AS rooted,
  toFloat64(sumIf(toInt64(sign) * hop_count, duration IS NOT NULL)) AS hops,
  toFloat64(sum(sign * ifNull(duration, 0))) AS endToEnd,
  toFloat64(sum(sign * ifNull(mesh_lower, 0))) AS meshLower, toFloat64(sum(sign * ifNull(mesh_upper, 0))) AS meshUpper,
  toFloat64(sum(sign * ifNull(mesh_estimate, 0))) AS meshEstimate,
  toFloat64(sumIf(toInt64(sign), mesh_estimate IS NOT NULL)) AS meshEstimated,
  toFloat64(sum(sign * ifNull(gateway_lower, 0))) AS gatewayLower,
  toFloat64(sum(sign * ifNull(gateway_upper, 0))) AS gatewayUpper,
  toFloat64(sum(sign * ifNull(gateway_estimate, 0))) AS gatewayEstimate,
  toFloat64(sumIf(toInt64(sign), gateway_estimate IS NOT NULL)) AS gatewayEstimated
FROM traces
WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (empty({ids:Array(UInt64)}) OR sipHash64(root_service, root_name) IN {ids:Array(UInt64)})
  AND (empty({environment:String}) OR environment = {environment:String})
  AND (empty({cluster:String}) OR cluster = {cluster:String})
  AND (empty({namespace:String}) OR namespace = {namespace:String})
GROUP BY flags
HAVING traces > 0
