-- How many instances of each proxy served requests in the window. The array takes 0.4 of the
-- CPU of uniqExact here.
SELECT proxy_id AS id, toUInt32(length(groupUniqArray(instance))) AS instances
FROM proxies
WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (empty({ids:Array(UInt64)}) OR proxy_id IN {ids:Array(UInt64)})
  AND instance != ''
GROUP BY proxy_id
