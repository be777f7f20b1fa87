-- Hours in which versions of proxies and applications served requests, from lookback to the end of the window.
SELECT
  kind, toString(id) AS id, service, environment, cluster, namespace, version,
  toString(toUnixTimestamp64Nano(min(first))) AS firstUnixNano, toString(toUnixTimestamp64Nano(max(last))) AS lastUnixNano
FROM versions_1h
WHERE time >= toStartOfHour(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND time < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY kind, id, service, environment, cluster, namespace, version, time
ORDER BY time, firstUnixNano
