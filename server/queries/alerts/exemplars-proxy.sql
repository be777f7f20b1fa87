-- Traces through a proxy whose added (or in-process) time is highest, or, of what was usual, nearest the median.
SELECT lower(hex(trace_id)) AS traceId
FROM proxies
WHERE proxy_id = {id:UInt64} AND sign = 1
  AND (trace_id, revision) NOT IN (SELECT trace_id, revision FROM proxies WHERE proxy_id = {id:UInt64} AND sign = -1)
  AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND if({metric:String} = 'overhead', coalesce(overhead, overhead_hi), coalesce(added, added_hi)) IS NOT NULL
ORDER BY abs(if({metric:String} = 'overhead', coalesce(overhead, overhead_hi), coalesce(added, added_hi)) - {near:Int64}), trace_id
LIMIT {most:UInt32}
