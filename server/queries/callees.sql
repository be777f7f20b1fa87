-- What lay beyond the edges that begin so, as it was known at the end of a window, busiest first: of each the newest five minutes.
SELECT
  substring(edge, length({prefix:String}) + 1) AS target,
  argMax(edge_callees.callee, (window, edge_callees.job)) AS state,
  argMax(edge_callees.asked, (window, edge_callees.job)) AS asked,
  argMax(edge_callees.answered, (window, edge_callees.job)) AS answered,
  toString(toUnixTimestamp64Nano(max(edge_callees.window))) AS windowUnixNano
FROM edge_callees
WHERE startsWith(edge, {prefix:String})
  AND window >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND window < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY edge
ORDER BY asked DESC, target
LIMIT 20
