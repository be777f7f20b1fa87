-- Clock offsets of some windows as they were known to a job: of each pair and window the rows of the newest job before it.
SELECT
  toString(job) AS job, toString(toUnixTimestamp64Milli(window)) AS windowMs,
  toString(toUnixTimestamp64Milli(from_time)) AS fromMs, toString(toUnixTimestamp64Milli(to_time)) AS toMs,
  from_clock AS from, to_clock AS to, toString(lo) AS lo, toString(hi) AS up, n, agree AS m
FROM clock_offsets
WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND clock_offsets.job >= {fromJob:UInt64} AND clock_offsets.job < {beforeJob:UInt64}
  AND bitAnd(clock_offsets.job, 15) IN {shards:Array(UInt8)}
  AND (from_clock, to_clock, window, clock_offsets.job) IN (
    SELECT from_clock, to_clock, window, max(job) FROM clock_offsets
    WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
      AND job >= {fromJob:UInt64} AND job < {beforeJob:UInt64}
      AND bitAnd(job, 15) IN {shards:Array(UInt8)}
    GROUP BY from_clock, to_clock, window
  )
ORDER BY window, from_time
LIMIT 500000
