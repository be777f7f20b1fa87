-- Of each level: values, and the quantiles that a selection and winsorising go by. Weights in sixteenths, as for exemplars.
SELECT
  level AS fidelity, toFloat64(count()) AS n,
  toFloat64(quantileExactWeighted(0.9)(assumeNotNull(value), toUInt64(round(16 * counts)))) AS p90,
  toFloat64(quantileExactWeighted(0.999)(assumeNotNull(value), toUInt64(round(16 * counts)))) AS cap
FROM current
WHERE value IS NOT NULL AND level != 'unknown'
GROUP BY level
ORDER BY n DESC, level
