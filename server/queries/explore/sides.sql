-- Of each level: values, the quantiles that a selection and winsorising go by, and whether all weigh alike. The value at rank ceil(q n), as where values
-- weigh differently (sides-weighted.sql): quantilesExact takes rank floor(q n) + 1, so q is a little less, for n up to 10^9.
SELECT
  level AS fidelity, toFloat64(count()) AS n, quantilesExact(0.8999999999999, 0.9989999999999)(assumeNotNull(value)) AS at,
  toFloat64(at[1]) AS p90, toFloat64(at[2]) AS cap, min(counts) = max(counts) AS alike
FROM current
WHERE value IS NOT NULL AND level != 'unknown'
GROUP BY level
ORDER BY n DESC, level
