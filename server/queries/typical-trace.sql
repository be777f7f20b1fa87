-- Of a window's requests of one shape the longest that is no longer than `median` (current revision only), but not this one.
SELECT lower(hex(trace_id)) AS traceId, toString(toUnixTimestamp64Nano(start)) AS startUnixNano, toString(duration) AS durationNs
FROM traces
WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND shape_id = {shape:UInt64} AND duration <= {median:Int64} AND trace_id != unhex({traceId:String})
GROUP BY trace_id, start, duration
HAVING sum(sign) > 0
ORDER BY duration DESC, start DESC, trace_id
LIMIT 1
