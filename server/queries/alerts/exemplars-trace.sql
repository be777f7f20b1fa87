-- Whole requests of a route whose duration is nearest a value.
SELECT lower(hex(trace_id)) AS traceId
FROM traces
WHERE sipHash64(root_service, root_name) = {id:UInt64} AND sign = 1 AND duration IS NOT NULL
  AND (trace_id, revision) NOT IN (
    SELECT trace_id, revision FROM traces
    WHERE sign = -1 AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
      AND toStartOfMinute(start) <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
  AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND {metric:String} != ''
ORDER BY abs(duration - {near:Int64}), trace_id
LIMIT {most:UInt32}
