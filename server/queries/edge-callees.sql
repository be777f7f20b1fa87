-- What lay beyond edges as it was known to a job: of each edge what the newest window says, told by the newest job before it. Read in the order of the
-- table: of many windows an edge to keep the newest of five columns costs five times the CPU.
SELECT
  job, toUnixTimestamp64Milli(edge_callees.window) AS windowMs, edge, asked, answered, callee
FROM edge_callees
WHERE edge_callees.window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND edge_callees.window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND job >= {fromJob:UInt64} AND job < {beforeJob:UInt64}
  AND bitAnd(job, 15) IN {shards:Array(UInt8)} AND {{keys}}
ORDER BY edge DESC, edge_callees.window DESC, job DESC
LIMIT 1 BY edge
LIMIT 100000
