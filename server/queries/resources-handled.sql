-- All that went through the instances of these proxies, whoever asked for it, by stretch of time.
SELECT
  leftPad(lower(hex(proxy_id)), 16, '0') AS proxy, toString(instance) AS instance, toString(any(family)) AS family, toString(any(role)) AS role,
  toUInt32(intDiv(toUnixTimestamp(start), {slotSeconds:UInt32})) AS slot, sum(sign * if(bitAnd(flags, 131072) != 0, 1., weight)) AS n
FROM proxies
WHERE toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND instance IN (
    SELECT instance FROM proxies
    WHERE proxy_id IN {ids:Array(UInt64)} AND toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
GROUP BY proxy, instance, slot
HAVING n > 0
