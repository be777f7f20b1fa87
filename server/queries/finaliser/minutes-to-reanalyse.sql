-- The minutes that hold facts of older jobs, and at most how many of them are current.
SELECT toUnixTimestamp(toStartOfMinute(start)) AS minute, toUInt32(count()) AS facts
FROM traces
WHERE sign = 1 AND job < {id:UInt64}
  AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY minute
ORDER BY minute
