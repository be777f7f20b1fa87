-- What exporters sent in the window and what was refused.
SELECT
  service, scope, sum(stored) AS stored, sum(refused) AS refused,
  toString(toUnixTimestamp64Milli(max(last_at))) AS lastMs
FROM ingest
WHERE minute >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND minute < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY service, scope
ORDER BY stored DESC, service, scope
LIMIT 1000
