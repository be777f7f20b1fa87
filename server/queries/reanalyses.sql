-- Requests to analyse traces again and what the finaliser noted of them last, oldest request first.
SELECT
  toString(reanalyses.id) AS id, finaliser, CAST(max(reanalyses.state), 'String') AS state,
  toUnixTimestamp64Milli(max(from_time)) AS fromMs, toUnixTimestamp64Milli(max(to_time)) AS toMs,
  toUnixTimestamp64Milli(min(reanalyses.at)) AS atMs, toString(max(reanalyses.traces)) AS traces,
  toString(argMax(reanalyses.reanalysed, (reanalyses.state, reanalyses.at))) AS reanalysed,
  toString(argMax(reanalyses.kept, (reanalyses.state, reanalyses.at))) AS kept,
  toString(argMax(reanalyses.failed, (reanalyses.state, reanalyses.at))) AS failed
FROM reanalyses
WHERE {all:UInt8} OR reanalyses.id = {id:UInt64}
GROUP BY reanalyses.id, finaliser
ORDER BY reanalyses.id, finaliser
