-- The words of what requests begin with, of some ids that rollups use for them.
SELECT DISTINCT toString(sipHash64(root_service, root_name)) AS id, root_service AS service, root_name AS name
FROM traces
WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC') AND duration IS NOT NULL
LIMIT 10000
