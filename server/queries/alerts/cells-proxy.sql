-- Requests of some proxies in the minutes before something began and since, by what they have in common: counts, sums and squares of added
-- time (the upper bound where it is bounded), ns. Every {one}th trace. Current revision only.
SELECT
  toString(proxy_id) AS id, start >= fromUnixTimestamp64Milli({splitMs:Int64}, 'UTC') AS since,
  map('proxy', lower(hex(proxy_id)), 'version', version, 'node', node, 'zone', zone, 'route', route,
    'caller', caller, 'callee', callee) AS attributes,
  sum(sign) AS n, sum(sign * each) AS weight, sum(sign * each * value) AS total, sum(sign * each * value * value) AS squares
FROM (
  SELECT
    proxy_id, start, sign, version, node, zone, route, caller, callee, if(bitAnd(flags, 131072) != 0, 1., weight) AS each,
    toFloat64(assumeNotNull(if({metric:String} = 'added', ifNull(added, added_hi), ifNull(overhead, overhead_hi)))) AS value
  FROM proxies
  WHERE proxy_id IN {ids:Array(UInt64)} AND cityHash64(trace_id) % {one:UInt32} = 0
    AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND if({metric:String} = 'added', ifNull(added, added_hi), ifNull(overhead, overhead_hi)) IS NOT NULL
)
GROUP BY id, since, attributes
HAVING n > 0
ORDER BY n DESC
LIMIT 5000
