-- The same of some hops and their transit.
SELECT
  toString(hop_id) AS id, start >= fromUnixTimestamp64Milli({splitMs:Int64}, 'UTC') AS since,
  map('hop', lower(hex(hop_id)), 'version', callee_version, 'caller node', caller_node, 'callee node', callee_node,
    'zones', zone_pair, 'route', route, 'caller', caller, 'callee', callee) AS attributes,
  sum(sign) AS n, sum(sign * each) AS weight, sum(sign * each * value) AS total, sum(sign * each * value * value) AS squares
FROM (
  SELECT
    hop_id, start, sign, callee_version, caller_node, callee_node, zone_pair, route, caller, callee,
    if(bitAnd(flags, 131072) != 0, 1., weight) AS each,
    toFloat64(assumeNotNull(ifNull(transit, transit_hi))) AS value
  FROM hops
  WHERE hop_id IN {ids:Array(UInt64)} AND cityHash64(trace_id) % {one:UInt32} = 0
    AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND ifNull(transit, transit_hi) IS NOT NULL
)
GROUP BY id, since, attributes
HAVING n > 0
ORDER BY n DESC
LIMIT 5000
