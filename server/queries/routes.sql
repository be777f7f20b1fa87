-- What requests begin with: root service and root name, with the id that the rollups of whole traces use.
SELECT
  leftPad(lower(hex(sipHash64(root_service, root_name))), 16, '0') AS id, root_service AS rootService, root_name AS rootName,
  sum(sign) AS traces, sum(sign * error) AS errors
FROM traces
WHERE start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND duration IS NOT NULL
GROUP BY root_service, root_name
HAVING traces > 0
ORDER BY traces DESC, rootService, rootName
LIMIT 1000
