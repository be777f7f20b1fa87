-- By route: ns of each class of segments on the critical path and requests, before an instant and since.
SELECT
  toString(id) AS id, metric, time >= toDateTime(intDiv({splitMs:Int64}, 1000), 'UTC') AS since,
  toFloat64(sum(sum)) AS total, toFloat64(sum(n)) AS n
FROM rollup_1m
WHERE kind = 'trace' AND (startsWith(metric, 'class:') OR metric = 'endToEnd') AND id IN {ids:Array(UInt64)}
  AND toStartOfFiveMinutes(time) >= toStartOfFiveMinutes(toDateTime(intDiv({fromMs:Int64}, 1000), 'UTC'))
  AND toStartOfFiveMinutes(time) <= toStartOfFiveMinutes(toDateTime(intDiv({toMs:Int64}, 1000), 'UTC'))
  AND time >= toDateTime(intDiv({fromMs:Int64}, 1000), 'UTC') AND time < toDateTime(intDiv({toMs:Int64}, 1000), 'UTC')
GROUP BY id, metric, since
