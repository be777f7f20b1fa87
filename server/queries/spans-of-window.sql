SELECT toString(count()) AS n
FROM spans
WHERE toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
