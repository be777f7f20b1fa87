-- Habits of applications' clocks as they were known to a job: of each emitter what the newest hour says.
SELECT
  argMax(emitters.job, (window, emitters.job)) AS job, toUnixTimestamp64Milli(max(emitters.window)) AS windowMs, service, scope,
  argMax(emitters.n, (window, emitters.job)) AS n, argMax(emitters.grid, (window, emitters.job)) AS grid,
  argMax(emitters.coarse, (window, emitters.job)) AS coarse,
  tupleElement(argMax(tuple(emitters.slack), (window, emitters.job)), 1) AS slack
FROM emitters
WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND emitters.job >= {fromJob:UInt64} AND emitters.job < {beforeJob:UInt64}
  AND bitAnd(emitters.job, 15) IN {shards:Array(UInt8)} AND {{keys}}
GROUP BY service, scope
LIMIT 100000
