-- What was told of a window, oldest first.
SELECT toString(id) AS id, kind, title, labels, toString(toUnixTimestamp64Nano(at)) AS atUnixNano
FROM events
WHERE at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
ORDER BY at, id
LIMIT {most:UInt32}
