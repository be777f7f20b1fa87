-- Added time of one proxy at one level, by what its traversals had in common: counts, and its values by
-- bucket, each times its sampling weight (of weight not known, flag 131072: once).
-- Counted by bucket first, so that what a revision took back is taken out; at most 20 values each.
WITH cells AS (
  SELECT
    route, version, instance, caller, callee,
    toInt16(sign(value) * (1 + floor(32 * log2(greatest(abs(value), 1))))) AS key,
    sum(toInt64(sign)) AS facts, sum(sign * weight) AS population,
    sum(toInt64(sign) * error) AS failed, sum(toFloat64(sign) * weight * value) AS total
  FROM (
    SELECT route, version, instance, caller, callee, sign, error,
      if(bitAnd(flags, 131072) != 0, 1, weight) AS weight, ifNull(added, added_hi) AS value
    FROM proxies
    WHERE proxy_id = {id:UInt64} AND added_fidelity = {fidelity:String}
      AND toStartOfMinute(start) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
  GROUP BY route, version, instance, caller, callee, key
)
SELECT
  dimension.1 AS by, dimension.2 AS value, toFloat64(sum(facts)) AS n, toFloat64(sum(failed)) AS errors,
  round(sum(cells.population)) AS population, toFloat64(sumIf(facts, key IS NOT NULL)) AS known,
  toFloat64(sumIf(assumeNotNull(cells.total), key IS NOT NULL AND facts > 0)) AS total,
  mapKeys(sumMapIf(map(assumeNotNull(key), cells.population), key IS NOT NULL AND facts > 0) AS hist) AS keys,
  mapValues(hist) AS counts
FROM cells
ARRAY JOIN [
  ('route', toString(route)), ('version', toString(version)), ('instance', toString(instance)),
  ('caller', toString(caller)), ('callee', toString(callee))
] AS dimension
GROUP BY by, value
HAVING n > 0
ORDER BY n DESC, value
LIMIT 20 BY by
