-- sides.sql of values that weigh differently: a table of every value, ten times the work. Weights in sixteenths, as for exemplars.
SELECT
  level AS fidelity, toFloat64(count()) AS n,
  quantilesExactWeighted(0.9, 0.999)(assumeNotNull(value), toUInt64(round(16 * counts))) AS at,
  toFloat64(at[1]) AS p90, toFloat64(at[2]) AS cap
FROM current
WHERE value IS NOT NULL AND level != 'unknown'
GROUP BY level
ORDER BY n DESC, level
