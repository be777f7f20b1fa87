-- Requests that are neither done nor cancelled, oldest first.
SELECT
  toString(reanalyses.id) AS id,
  toUnixTimestamp64Milli(max(from_time)) AS fromMs, toUnixTimestamp64Milli(max(to_time)) AS toMs
FROM reanalyses
GROUP BY reanalyses.id
HAVING countIf(state = 'requested') > 0 AND countIf(state IN ('done', 'cancelled')) = 0
ORDER BY reanalyses.id
