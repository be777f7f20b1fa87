-- Which traces the batches touch, with how many rows and in which minutes of the sort order.
SELECT
  batch, trace_id, toUInt32(count()) AS rows,
  toUInt32(min(toStartOfMinute(start))) AS first_minute, toUInt32(max(toStartOfMinute(start))) AS last_minute,
  min(start) AS first_start
FROM spans
WHERE batch IN {batches:Array(UInt64)}
  AND toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND received_at BETWEEN toDateTime({firstReceived:UInt32}, 'UTC') AND toDateTime({lastReceived:UInt32}, 'UTC')
GROUP BY batch, trace_id
FORMAT Native
