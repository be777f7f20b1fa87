-- What is to be told and was given up, by target. Sent ones are not counted: there may be many.
SELECT state, JSONExtractString(body, 'targetId') AS target, count() AS n, toString(min(toUnixTimestamp64Milli(at))) AS oldestMs
FROM alerting FINAL
WHERE kind = 'notification' AND deleted = 0 AND state IN ('waiting', 'dead')
GROUP BY state, target
