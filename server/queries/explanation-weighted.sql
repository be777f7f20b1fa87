-- As explanation-levels.sql where values weigh differently, or a revision has replaced some.
SELECT
  level AS fidelity, toFloat64(countIf(NOT ofB)) AS a, toFloat64(countIf(ofB)) AS b,
  toFloat64(quantileExactWeighted(0.999)(assumeNotNull(value), toUInt64(round(16 * counts)))) AS cap
FROM current
WHERE value IS NOT NULL AND level != 'unknown'
GROUP BY level
