-- A share of the traces with a span in the window, newest first. Minutes are keys of the sort order of spans.
SELECT
  lower(hex(trace_id)) AS traceId,
  toUInt32(min(toStartOfMinute(start))) AS firstMinute,
  toUInt32(max(toStartOfMinute(start))) AS lastMinute
FROM spans
WHERE toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND cityHash64(trace_id) % {one:UInt32} = 0
GROUP BY trace_id
ORDER BY max(start) DESC
LIMIT {most:UInt32}
