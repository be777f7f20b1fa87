-- The coverage ledger of proxies or hops: whole hours from the hourly table, the rest by the minute. ids: empty for all.
SELECT id, what, toFloat64(sum(requests)) AS n
FROM (
  SELECT kind, id, what, requests FROM coverage_1h
  WHERE kind = {kind:String} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND time >= toDateTime({hour:UInt32}, 'UTC') AND time < toDateTime({hourEnd:UInt32}, 'UTC')
  UNION ALL
  SELECT kind, id, what, requests FROM coverage_1m
  WHERE kind = {kind:String} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND time >= toDateTime({minute:UInt32}, 'UTC') AND time < toDateTime({minuteEnd:UInt32}, 'UTC')
    AND (time < toDateTime({hour:UInt32}, 'UTC') OR time >= toDateTime({hourEnd:UInt32}, 'UTC'))
)
GROUP BY id, what
HAVING n > 0
ORDER BY id, what
