-- Services seen in settled traces of the window, with the number of traces each is in.
SELECT service AS name, sum(sign) AS traces, sum(sign * error) AS errors
FROM traces
ARRAY JOIN services AS service
WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY service
HAVING traces > 0
ORDER BY traces DESC, name
LIMIT 1000
