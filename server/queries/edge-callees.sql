-- What lay beyond edges as it was known to a job: of each edge what the newest window says, told by the newest job before it.
SELECT
  toString(argMax(edge_callees.job, (window, edge_callees.job))) AS job,
  toString(toUnixTimestamp64Milli(max(edge_callees.window))) AS windowMs, edge,
  argMax(edge_callees.asked, (window, edge_callees.job)) AS asked,
  argMax(edge_callees.answered, (window, edge_callees.job)) AS answered,
  argMax(edge_callees.callee, (window, edge_callees.job)) AS callee
FROM edge_callees
WHERE window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND edge_callees.job >= {fromJob:UInt64} AND edge_callees.job < {beforeJob:UInt64}
  AND bitAnd(edge_callees.job, 15) IN {shards:Array(UInt8)}
GROUP BY edge
LIMIT 100000
