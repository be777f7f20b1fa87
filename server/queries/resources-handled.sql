-- All that went through the instances of these proxies, whoever asked for it: stretches of time, and how many in each.
SELECT
  leftPad(lower(hex(proxy_id)), 16, '0') AS proxy, toString(instance) AS instance, toString(any(family_)) AS family, toString(any(role_)) AS role,
  groupArray(slot) AS slots, groupArray(n_) AS counts
FROM (
  SELECT
    proxy_id, instance, any(family) AS family_, any(role) AS role_,
    toUInt32(intDiv(toUnixTimestamp(start), {slotSeconds:UInt32})) AS slot, sum(sign * if(bitAnd(flags, 131072) != 0, 1., weight)) AS n_
  FROM proxies
  WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND instance IN (
      SELECT instance FROM proxies
      WHERE proxy_id IN {ids:Array(UInt64)} AND toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
        AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    )
  GROUP BY proxy_id, instance, slot
  HAVING n_ > 0
)
GROUP BY proxy_id, instance
