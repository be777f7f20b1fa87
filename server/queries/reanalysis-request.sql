-- `traces` counts current facts: those that were taken back are there with either sign.
INSERT INTO reanalyses (id, finaliser, state, from_time, to_time, traces)
SELECT
  {id:UInt64}, '', 'requested', fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'), fromUnixTimestamp64Milli({toMs:Int64}, 'UTC'),
  greatest(0, sum(toInt64(sign)))
FROM traces
WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
