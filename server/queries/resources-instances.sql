-- Instances of these proxies and how many requests went through each, as resources-handled.sql without when: nothing is known of what they took.
SELECT leftPad(lower(hex(proxy_id)), 16, '0') AS proxy, toString(instance) AS instance, '' AS family, '' AS role, [0] AS slots, [n_] AS counts
FROM (
  SELECT proxy_id, instance, sum(sign * if(bitAnd(flags, 131072) != 0, 1., weight)) AS n_
  FROM proxies
  WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND proxy_id IN {ids:Array(UInt64)}
  GROUP BY proxy_id, instance
  HAVING n_ > 0
)
