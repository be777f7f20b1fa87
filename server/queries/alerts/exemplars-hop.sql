-- Traces with a hop whose transit (or wire) is nearest a value.
SELECT lower(hex(trace_id)) AS traceId
FROM hops
WHERE hop_id = {id:UInt64} AND sign = 1
  AND (trace_id, revision) NOT IN (SELECT trace_id, revision FROM hops WHERE hop_id = {id:UInt64} AND sign = -1)
  AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND if({metric:String} = 'wire', wire, coalesce(transit, transit_hi)) IS NOT NULL
ORDER BY abs(if({metric:String} = 'wire', wire, coalesce(transit, transit_hi)) - {near:Int64}), trace_id
LIMIT {most:UInt32}
