-- Clock offsets of some windows as they were known to a job: of each pair, window and instant the row of the newest job before it. Of one pair and window
-- the newest job's rows count; which those are is told by whoever reads them: to look twice here costs more.
SELECT
  job, toUnixTimestamp64Milli(window) AS windowMs, toUnixTimestamp64Milli(from_time) AS fromMs, toUnixTimestamp64Milli(to_time) AS toMs,
  from_clock AS from, to_clock AS to, lo, hi AS up, n, agree AS m
FROM clock_offsets
WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND job >= {fromJob:UInt64} AND job < {beforeJob:UInt64}
  AND bitAnd(job, 15) IN {shards:Array(UInt8)} AND {{keys}}
ORDER BY window DESC, from_clock DESC, to_clock DESC, job DESC, from_time DESC
LIMIT 1 BY window, from_clock, to_clock, from_time
LIMIT 500000
