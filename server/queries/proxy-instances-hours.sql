-- How many instances of each proxy served requests in a window that is not inside one hour: of the hour that it begins in those that
-- served since, of the one that it ends in those that served before, of the others all.
SELECT proxy_id AS id, toUInt32(length(groupUniqArray(instance))) AS instances
FROM instances_1h
WHERE time >= toStartOfHour(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')) AND time < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND last >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND first < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (empty({ids:Array(UInt64)}) OR proxy_id IN {ids:Array(UInt64)})
GROUP BY proxy_id
