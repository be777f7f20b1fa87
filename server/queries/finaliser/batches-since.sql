-- Committed batches in the order of their commit. The minutes are keys of the sort order of spans (toStartOfMinute
-- wraps outside 1970..2106, so a batch that reaches there may lie anywhere).
SELECT
  toString(batch) AS batch, spans,
  toUnixTimestamp64Milli(committed_at) AS committedMs,
  toUnixTimestamp(received_at) AS receivedAt,
  first_start >= '1970-01-01 00:00:00' AND last_start < '2106-02-07 00:00:00' AS ordinary,
  if(ordinary, toUnixTimestamp(toStartOfMinute(first_start)), 0) AS firstMinute,
  if(ordinary, toUnixTimestamp(toStartOfMinute(last_start)), 4294967295) AS lastMinute
FROM batches
WHERE committed_at >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
  AND committed_at < fromUnixTimestamp64Milli({untilMs:Int64}, 'UTC')
  AND batch NOT IN {known:Array(UInt64)}
ORDER BY committed_at, batch
LIMIT {limit:UInt32}
