-- Wire times of some windows as they were known to a job: of each pair and window the row of the newest job before it.
SELECT
  max(wire_times.job) AS job, toUnixTimestamp64Milli(window) AS windowMs, level, from_place AS from, to_place AS to,
  argMax(wire_times.n, wire_times.job) AS n, argMax(wire_times.floor, wire_times.job) AS floor,
  argMax(wire_times.median, wire_times.job) AS median
FROM wire_times
WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND wire_times.job >= {fromJob:UInt64} AND wire_times.job < {beforeJob:UInt64}
  AND bitAnd(wire_times.job, 15) IN {shards:Array(UInt8)} AND {{keys}}
GROUP BY window, level, from, to
ORDER BY window
LIMIT 500000
