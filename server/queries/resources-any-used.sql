-- A row if there are readings that resources-used.sql may go by.
SELECT 1 AS there FROM proxy_usage
WHERE toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC'))
  AND time >= fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC') AND time < fromUnixTimestamp64Milli({toMs:Int64} + 600000, 'UTC')
LIMIT 1
